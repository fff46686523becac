"""Runs one transfer in a process of its own: ``python driver.py REQUEST.json``.

Prints one event a line while it works, and the receipt as the last line. It goes through
`decamp.assembly` rather than the command line, because only this way may a test allow the
loopback address of its own media server. A request may say ``dies_after``: with so many items
settled it kills itself, so that no speed of whoever watches decides how far it gets.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import threading
from pathlib import Path

from decamp import registry
from decamp.assembly import Request, plan, transfer
from decamp.events import Event, ItemSettled, as_json
from decamp.home import Home


def main() -> int:
    wanted = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    act = plan if wanted.pop("plan", False) else transfer
    settled = itertools.count(1)

    def emit(event: Event) -> None:
        print(json.dumps(as_json(event)), flush=True)
        if isinstance(event, ItemSettled) and next(settled) == wanted.get("dies_after"):
            os.kill(os.getpid(), 9)

    receipt = act(
        Request(
            source=wanted["source"],
            destination=wanted["destination"],
            options=tuple(wanted.get("options", ())),
            kinds=tuple(wanted.get("kinds", ())),
            allowed=tuple((host, port) for host, port in wanted.get("allowed", ())),
        ),
        registry=registry.load(),
        home=Home.find(),
        emit=emit,
        stop=threading.Event(),
    )
    print(json.dumps(receipt), flush=True)
    return int(receipt["exit_code"])


if __name__ == "__main__":
    raise SystemExit(main())
