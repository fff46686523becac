"""A real Bluesky server of its own, and posts to bring there."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from bench.comparison import Figure
from bench.environments import PeerError
from bench.places import OUT, program
from bench.process import RunError, run

if TYPE_CHECKING:
    from pds_run import Account, Pds

__all__ = ["bare_writes", "transfer_posts"]

_SUPPORT = Path(__file__).parents[1] / "tests" / "support"
_OPEN = ExitStack()


@cache
def _server() -> Pds:
    """Run the server that the tests use, until the program ends.

    Raises:
        PeerError: It is not installed.
    """
    sys.path.insert(0, str(_SUPPORT))
    import atexit

    from pds_run import Pds, missing

    if why := missing():
        raise PeerError(why)
    OUT.mkdir(exist_ok=True)
    server = _OPEN.enter_context(Pds.run(Path(mkdtemp(prefix="pds-", dir=OUT))))
    atexit.register(_OPEN.close)
    return server


def _archive(count: int) -> Path:
    """Write an export with public posts that have no media."""
    path = OUT / f"posts-{count}.zip"
    if not path.exists():
        start = datetime(2020, 1, 1, tzinfo=UTC)
        posts = [
            {
                "Date": f"{start + timedelta(minutes=number):%Y-%m-%d %H:%M:%S}",
                "Likes": "3",
                "Title": f"Post {number} of many",
                "WhoCanView": "Everyone",
            }
            for number in range(count)
        ]
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            text = json.dumps({"Post": {"Posts": {"VideoList": posts}}}, indent=1)
            archive.writestr("user_data_tiktok.json", text)
    return path


def transfer_posts(decamp: Callable[[], str], count: int) -> Figure:
    """Bring posts to a new account with the command that people use, and a new journal."""
    server = _server()
    account = server.account()
    home = Path(mkdtemp(prefix="home-", dir=OUT))
    words = [
        *(str(_archive(count)), f"bluesky:{account.handle}", "--account", "somebody"),
        *("-o", f"to.server={server.url}"),
        *("-o", "to.points_per_hour=1000000", "-o", "to.points_per_day=1000000"),
    ]
    extra = {"DECAMP_HOME": str(home), "DECAMP_SECRETS": "file"}
    # Both sides are signed in already: decamp does that once, and here with a plan.
    password = {"DECAMP_BLUESKY_PASSWORD": account.app_password}
    run([decamp(), "plan", *words], extra=extra | password)
    measured = run([decamp(), "transfer", *words, "--yes"], extra=extra)
    _require(server, account, count)
    return Figure(measured.seconds, count, measured.cpu, measured.rss)


def bare_writes(count: int) -> Figure:
    """Write as many posts with nothing but the calls themselves."""
    server = _server()
    account = server.account()
    words = (server.url, account.did, account.token, str(count))
    measured = run([sys.executable, program("apply_writes"), *words])
    _require(server, account, count)
    return Figure(measured.seconds, count, measured.cpu, measured.rss)


def _require(server: Pds, account: Account, count: int) -> None:
    found = len(server.repository(account.did))
    if found != count:
        raise RunError(f"{found:,} posts are there, of {count:,}.")
