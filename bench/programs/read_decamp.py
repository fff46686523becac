"""Read every row of an archive with decamp's reader: ``read_decamp.py ARCHIVE``.

In batches, with the types that the exporter uses; rows are counted and let go.
Prints rows, seconds, and seconds of processor time as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from decamp_tiktok.archive.container import open_container
from decamp_tiktok.archive.jsonstream import Rejected, Rows, read_events
from decamp_tiktok.archive.mapping import Mapping


def count_rows(path: Path) -> int:
    """Count the entries of all lists."""
    route = Mapping(path.parent, lambda: None, "").route
    rows = 0
    with open_container(path).open() as source:
        for event in read_events(source.read, route):
            if isinstance(event, Rows):
                rows += len(event.batch)
            elif isinstance(event, Rejected) and event.index is not None:
                rows += 1
    return rows


def main() -> None:
    """Measure without the start of the interpreter."""
    path = Path(sys.argv[1])
    started, used = time.perf_counter(), time.process_time()
    rows = count_rows(path)
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    print(json.dumps({"rows": rows, "seconds": seconds, "cpu": cpu}))


main()
