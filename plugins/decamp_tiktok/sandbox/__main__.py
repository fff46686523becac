"""Write a made-up archive: ``python -m decamp_tiktok.sandbox OUT.zip --generation C --seed 7``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from decamp_tiktok.sandbox.archive import write_archive
from decamp_tiktok.sandbox.options import (
    REFERENCE,
    ArchiveOptions,
    Category,
    Container,
    Counts,
    Generation,
)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _scale(text: str) -> float:
    scale = float(text)
    if not 0 < scale < 10_000:
        raise ValueError
    return scale


_moment.__name__ = "date"  # argparse names the type in its messages
_scale.__name__ = "scale"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m decamp_tiktok.sandbox",
        description="Write the TikTok archive of a made-up person, for tests and benchmarks. "
        "The same options give the same bytes. The same seed and counts with a later "
        "--exported-at give a newer archive of the same person: the same rows, and new ones.",
    )
    parser.add_argument("out", type=Path, help="zip file, JSON file or folder to write")
    parser.add_argument(
        "--container", choices=get_args(Container),
        help="what to write; by default what the name of OUT says",
    )  # fmt: skip
    parser.add_argument(
        "--generation", choices=get_args(Generation), default="D",
        help="A: 2021 to 2023, B: to early 2025, C: 2025, D: 2026 (default)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="another number is another person")
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--scale", type=_scale,
        help="1.0 is a heavy account with 1 000 000 watched videos, 300 000 likes and 300 000 "
        "messages, some 330 MB of JSON; without this, a small account",
    )  # fmt: skip
    size.add_argument("--empty", action="store_true", help="an account that was never used")
    parser.add_argument(
        "--exported-at", type=_moment, default=REFERENCE, metavar="DATE",
        help=f"when the archive was made, in ISO 8601 (default {REFERENCE:%Y-%m-%dT%H:%M:%SZ})",
    )  # fmt: skip
    parser.add_argument(
        "--trim-before", type=_moment, metavar="DATE",
        help="drop older rows of histories, as TikTok does",
    )  # fmt: skip
    parser.add_argument(
        "--category", choices=get_args(Category), action="append",
        help="an export limited to this category; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--media-base", metavar="URL", help="where the media are served, without a slash at the end"
    )
    parser.add_argument("--username", default="example.user", help="name of the account")
    parser.add_argument("--compact", action="store_true", help="without line breaks and indents")
    return parser


def _container(path: Path) -> Container:
    suffixes: dict[str, Container] = {".zip": "zip", ".json": "json"}
    return suffixes.get(path.suffix.lower(), "folder")


def _options(chosen: argparse.Namespace) -> ArchiveOptions:
    counts = Counts.none() if chosen.empty else Counts()
    return ArchiveOptions(
        generation=chosen.generation,
        seed=chosen.seed,
        counts=chosen.scale or counts,
        exported_at=chosen.exported_at,
        trim_before=chosen.trim_before,
        categories=frozenset(chosen.category) if chosen.category else None,
        media_base=chosen.media_base,
        username=chosen.username,
        container=chosen.container or _container(chosen.out),
        compact=chosen.compact,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Write one archive and say what is in it.

    Returns:
        The exit code: 0, or 6 if the path cannot be written.
    """
    parser = _parser()
    chosen = parser.parse_args(arguments)
    try:
        options = _options(chosen)
    except ValueError as error:
        parser.error(f"{error}.")
    try:
        summary = write_archive(chosen.out, options)
    except OSError as error:
        print(f"{chosen.out} cannot be written: {error.strerror}.", file=sys.stderr)
        return 6
    print(f"{summary.path}: {summary.size} bytes of JSON")
    for name, count in sorted(summary.rows.items()):
        print(f"{count:>9}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
