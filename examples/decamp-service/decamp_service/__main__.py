"""``decamp-service web`` serves the pages; ``decamp-service worker`` moves the data.

They share the folder and nothing else: run as many of each as you like, and end them anyhow.
"""

import logging
import signal
import sys
import threading
from urllib.parse import urlsplit

from decamp.redaction import RedactingFormatter
from decamp_service.house import House
from decamp_service.settings import Settings
from decamp_service.worker import work

PAUSE_SECONDS = 1.0


def main() -> None:
    words = sys.argv[1:]
    if words not in (["web"], ["worker"]):
        raise SystemExit("Usage: decamp-service web | worker")
    _log_redacted()
    house = House(Settings.from_environment())
    (_web if words == ["web"] else _worker)(house)


def _web(house: House) -> None:
    import uvicorn

    from decamp_service.web import make_app

    address = urlsplit(house.settings.url)
    local = address.hostname in ("127.0.0.1", "localhost")
    port = (address.port or 80) if local else 8000  # behind a proxy that speaks https
    # No log of requests: the address of the callback holds a code.
    uvicorn.run(make_app(house), host="127.0.0.1", port=port, access_log=False, log_config=None)


def _worker(house: House) -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set():
        work(house, stop)
        stop.wait(PAUSE_SECONDS)


def _log_redacted() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for each video is too much


if __name__ == "__main__":
    main()
