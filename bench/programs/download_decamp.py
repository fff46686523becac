"""Fetch a copy as a transfer does: ``download_decamp.py PORT FILE``.

With the client that a sign-in gives, into a new private file that is checked to be whole.
Prints seconds, and seconds of processor time as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from decamp.http import service_client
from decamp_tiktok.api.client import PortabilityClient


def main() -> None:
    """Measure without the start of the interpreter."""
    port, file = sys.argv[1:]
    with service_client() as http:
        client = PortabilityClient(http, f"http://127.0.0.1:{port}")
        started, used = time.perf_counter(), time.process_time()
        client.download("1", Path(file))
        seconds, cpu = time.perf_counter() - started, time.process_time() - used
    print(json.dumps({"seconds": seconds, "cpu": cpu}))


main()
