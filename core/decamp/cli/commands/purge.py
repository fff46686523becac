"""``decamp purge``."""

from __future__ import annotations

from typing import Annotated

import typer

from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.questions import confirm
from decamp.cli.words import plural, size
from decamp.errors import ConfigError
from decamp.home import Home
from decamp.housekeeping import Kept, inventory, remove, require_quiet, strangers

app = command_app()

_WITH_THE_JOURNAL = (
    "With the journal go the receipts of all runs. Copies stay as they are; but no run can be "
    "taken back any more, and the next transfer has to read the copy first, to know what is in it."
)


@app.command(
    cls=Command,
    epilog="Examples:\n\n  decamp purge --dry-run\n  decamp purge\n  decamp purge --all --yes",
)
def purge(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="The journal too: all that decamp remembers.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be removed.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    quiet: options.Quiet = False,
) -> None:
    """Remove what decamp keeps and does not need.

    Logs, journals that were set aside, and what runs that were cut off have left. With --all
    everything in decamp's own folder. Copies of your data and exports are never touched.
    """
    output, home = Output(quiet), Home.find()
    kept = inventory(home)
    due = [one for one in kept if everything or one.sort != "journal"]
    if not due:
        output.final(f"There is nothing to remove in {home.folder}.")
        return
    _show(output, due, home)
    if everything:
        output.say(_WITH_THE_JOURNAL)
    if dry_run:
        output.final("Nothing was removed.")
        return
    require_quiet(kept)
    if not yes and not _agreed(output, due):
        output.final("Nothing was removed.")
        return
    remove(home, due)
    output.final(f"Removed {plural(len(due), 'thing')}, {size(sum(one.size for one in due))}.")
    left = strangers(home)
    if everything and left:
        output.say(f"{home.folder} stays, because not all in it is decamp's:")
        for path in left:
            output.say(f"  {path}")


def _show(output: Output, due: list[Kept], home: Home) -> None:
    output.say(f"In {home.folder}:", "bold")
    output.table(
        ["what", "size", "file or folder"],
        [[one.what, size(one.size), str(one.path.relative_to(home.folder))] for one in due],
    )


def _agreed(output: Output, due: list[Kept]) -> bool:
    answer = confirm(output, f"Remove {plural(len(due), 'thing')}?")
    if answer is None:
        raise ConfigError(
            "decamp asks before it removes anything, and there is nobody to answer.",
            hint="Add --yes if you are sure, or --dry-run to look only.",
        )
    return answer
