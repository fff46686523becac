"""``python hand_cli.py PORT WORD...``: the real command line, that may reach one loopback port.

A person's decamp never fetches media from the own machine; a test's media server is there.
"""

from __future__ import annotations

import sys
from functools import partial

from decamp.assembly import Request
from decamp.cli import run
from decamp.cli.commands import transfer

if __name__ == "__main__":
    port = int(sys.argv.pop(1))
    vars(transfer)["Request"] = partial(Request, allowed=(("127.0.0.1", port),))
    run()
