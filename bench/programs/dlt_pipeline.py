"""Move the lists of an archive into a folder with dlt: ``dlt_pipeline.py ARCHIVE FOLDER``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from archive_lists import FIELDS, Row, read_lists

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"
os.environ["DATA_WRITER__DISABLE_COMPRESSION"] = "true"

import dlt  # type: ignore[import-not-found] # after its settings

_PAGE = 10_000


def pages(rows: list[Row]) -> Iterator[list[Row]]:
    """Cut a list; dlt is faster with pages than with single rows."""
    for start in range(0, len(rows), _PAGE):
        yield rows[start : start + _PAGE]


def main() -> None:
    """Load one table per list, with columns declared so that nothing has to be inferred."""
    folder = Path(sys.argv[2]).absolute()
    resources: list[Any] = [
        dlt.resource(
            pages(rows),
            name=name,
            columns={field: {"data_type": "text"} for field in FIELDS[name]},
            max_table_nesting=0,
        )
        for name, rows in read_lists(sys.argv[1]).items()
    ]
    pipeline = dlt.pipeline(
        "bench",
        destination=dlt.destinations.filesystem(bucket_url=(folder / "data").as_uri()),
        dataset_name="tiktok",
        pipelines_dir=str(folder / "state"),
    )
    pipeline.run(resources, loader_file_format="jsonl").raise_on_failed_jobs()


main()
