"""Write an archive to a path: ``make_archive.py PATH ROWS``. Prints what is in it as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import attrs

from decamp_tiktok.sandbox import ArchiveOptions, Counts, write_archive

_MESSAGES_A_CHAT = 500

_REFUSED = "http://127.0.0.1:9"
"""Where the account's picture is said to be. A transfer asks nobody for it: decamp connects to
no address of its own machine that a file names. So the network has no part in what is measured."""


def main() -> None:
    """Share the rows out as `Counts.at_scale` does: 500 messages in a chat, over eight years."""
    rows = int(sys.argv[2])
    messages = rows * 18 // 100
    counts = attrs.evolve(
        Counts.none(),
        watched=rows * 60 // 100,
        liked=rows * 15 // 100,
        comments=rows * 4 // 100,
        searches=rows * 3 // 100,
        messages=messages,
        chats=max(1, messages // _MESSAGES_A_CHAT),
    )
    summary = write_archive(Path(sys.argv[1]), ArchiveOptions(counts=counts, media_base=_REFUSED))
    lists = dict(summary.rows)
    del lists["chats"]
    print(json.dumps({"rows": sum(lists.values()), "size": summary.size}))


main()
