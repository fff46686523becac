"""``decamp purge``."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.history import going_run
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.questions import confirm
from decamp.cli.words import size
from decamp.errors import ConfigError, Locked, TransferError
from decamp.home import Home

app = command_app()


@app.command(
    cls=Command,
    epilog="Examples:\n\n  decamp purge --dry-run\n  decamp purge --yes\n  decamp purge --all",
)
def purge(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="The journal and all receipts too.")
    ] = False,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    json: options.Json = False,
) -> None:
    """Remove what decamp keeps on this computer and does not need.

    Logs, spools of runs that were cut off, and journals that were set aside. With --all
    everything: then the next transfer reads its destination back, and nothing can be undone
    any more. Your bundles and exports are never touched.
    """
    output, home = Output(), Home.find()
    _require_idle(home)
    found = list(_everything(home) if everything else _unneeded(home))
    total = sum(_size(path) for path, _ in found)
    for path, what in found:
        output.say(f"  {path}  {what}, {size(_size(path))}")
    removed = False
    if not found:
        output.say("There is nothing to remove.")
    elif not dry_run:
        answer = True if yes else confirm(output, f"Remove {size(total)}?")
        if answer is None:
            raise ConfigError(
                "Nothing was removed: nobody is there to say yes.", hint="To go on, add --yes."
            )
        removed = answer
    if removed:
        for path, _ in found:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        output.final(f"Removed {size(total)}.", "bold")
    if json:
        output.document(
            {
                "removed": removed,
                "paths": [str(path) for path, _ in found],
                "bytes": total,
                "exit_code": 0,
            }
        )


def _require_idle(home: Home) -> None:
    try:
        run = going_run(home)
    except TransferError:
        return  # a journal that cannot be read, which may be what is to be removed
    if run is not None:
        raise Locked(
            f"The run {run.id} is going on.", hint="Wait until it has ended. See: decamp status"
        )


def _everything(home: Home) -> Iterator[tuple[Path, str]]:
    if home.folder.exists():
        yield home.folder, "all that decamp keeps"


def _unneeded(home: Home) -> Iterator[tuple[Path, str]]:
    folder = home.folder
    for path in sorted(folder.glob("decamp.log*")):
        yield path, "a log"
    for pattern in ("journal.db*.damaged-*", "journal.db.v*.bak"):
        for path in sorted(folder.glob(pattern)):
            yield path, "a journal that was set aside"
    for place, what in (
        (home.tmp, "a run that was cut off"),
        (folder / "locks", "a lock of nobody"),
    ):
        for path in sorted(place.iterdir()) if place.exists() else ():
            yield path, what


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
    return path.stat().st_size
