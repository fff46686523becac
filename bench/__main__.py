"""``python -m bench`` compares; ``python -m bench memory`` measures the memory of a large archive,
``python -m bench posts`` that of many posts.

Everything takes place in ``bench/out`` and ``bench/.envs``, and may be deleted at any time.
"""

from __future__ import annotations

import argparse
import sys

from bench.archives import make_archive
from bench.cases import CASES, forget_runs, read_decamp, transfer_decamp
from bench.comparison import compare
from bench.environments import PeerError
from bench.posts import POSTS, measure_posts
from bench.process import RunError
from bench.show import show
from bench.webdav import webdav_server_ends

_BYTES_A_ROW = 172  # of the archives that `make_archive` writes


def main() -> int:
    """Measure, and print as results come.

    Returns:
        The exit code: 1 if something failed to run. Missing a goal is a result, not a failure.
    """
    wanted = _arguments()
    forget_runs()
    try:
        if wanted.what == "memory":
            return _memory(wanted.megabytes)
        with webdav_server_ends():
            return _posts() if wanted.what == "posts" else _compare(wanted)
    finally:
        forget_runs()


def _compare(wanted: argparse.Namespace) -> int:
    code = 0
    for name in wanted.only or CASES:
        try:
            print(show(compare(CASES[name](wanted.rows, wanted.rounds))), flush=True)
        except PeerError as reason:
            print(f"{name}: not measured. {reason}\n", flush=True)
        except RunError as reason:
            print(f"{name}: failed. {reason}\n", flush=True)
            code = 1
    return code


def _memory(megabytes: int) -> int:
    archive = make_archive(megabytes * 1_000_000 // _BYTES_A_ROW)
    print(f"One archive ({archive})")
    for name, measure in (("read", read_decamp), ("transfer", transfer_decamp)):
        try:
            figure = measure(archive)
        except RunError as reason:
            print(f"  {name}: failed. {reason}")
            return 1
        peak = "unknown here" if figure.rss is None else f"{figure.rss / 1e6:,.0f} MB"
        print(f"  {name:<9} peak memory {peak}, {figure.rate:,.0f} rows/s", flush=True)
    return 0


def _posts() -> int:
    for posts in POSTS:
        try:
            measured = measure_posts(posts)
        except (PeerError, RunError) as reason:
            print(f"{posts:>7,} posts: failed. {reason}")
            return 1
        local, remote = (f"{(one.rss or 0) / 1e6:,.0f} MB" for one in measured)
        print(f"{posts:>7,} posts: peak memory {local} to a folder, {remote} to WebDAV", flush=True)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "what", nargs="?", choices=("compare", "memory", "posts"), default="compare"
    )
    parser.add_argument("--only", action="append", choices=tuple(CASES), help="repeat for more")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the archive")
    parser.add_argument("--rounds", type=int, help="instead of 15, 5, or 3")
    parser.add_argument("--megabytes", type=int, default=1_000, help="of JSON, for memory")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
