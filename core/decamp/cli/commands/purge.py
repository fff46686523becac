"""``decamp purge``."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

import typer

from decamp.assembly import pending_requests
from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.questions import confirm
from decamp.cli.words import moment, plural, size
from decamp.connections import Connections, forget_secrets
from decamp.credentials import SecretStore
from decamp.errors import ConfigError, TransferError
from decamp.home import Home
from decamp.housekeeping import Kept, inventory, remove, require_quiet, strangers
from decamp.validation import require_valid

app = command_app()

_NEEDED = ("journal", "secret", "connection", "copy")
_WITH_THE_JOURNAL = (
    "With the journal go the receipts of all runs. Copies stay as they are; but no run can be "
    "taken back any more, and the next transfer has to read the copy first, to know what is in it."
)
_WITH_THE_SECRETS = (
    "With the secrets, nothing more can be brought to a copy in which other people have aliases."
)
_WITH_THE_CONNECTIONS = (
    "decamp forgets where you are signed in. The services do not hear of it, and what you granted "
    "there stays valid: to take it back, first run decamp disconnect for each of decamp connections."
)
_WITH_THE_COPIES = (
    "Copies from a service go too, of which not all has arrived anywhere. If the permission was for "
    "a single one, another copy needs another consent."
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
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Remove what decamp keeps on this computer and does not need.

    Logs, journals that were set aside, and what runs that were cut off have left. With --all
    everything in decamp's own folder. Bundles and exports are never touched.
    """
    output, home = Output(quiet), Home.find()
    kept = inventory(home)
    due = [one for one in kept if everything or one.sort not in _NEEDED]
    if not dry_run:
        require_quiet(kept)
    _show(output, due, home)
    if everything and due:
        output.say(_WITH_THE_JOURNAL)
        with suppress(TransferError):  # a damaged journal says nothing, and goes too
            for one in pending_requests(home):
                asked = f"the copy of {one.title} that was asked for on {moment(one.asked)}"
                output.warn(
                    f"With it decamp also forgets {asked}. To give it up first: decamp cancel"
                )
    for sort, text in (
        ("secret", _WITH_THE_SECRETS),
        ("connection", _WITH_THE_CONNECTIONS),
        ("copy", _WITH_THE_COPIES),
    ):
        if any(one.sort == sort for one in due):
            output.say(text)
    removed = bool(due) and not dry_run and (yes or _agreed(output, due))
    if removed:
        if any(one.sort == "connection" for one in due):
            _forget_sign_ins(output, home)
        remove(home, due)
        output.final(f"Removed {plural(len(due), 'thing')}, {size(_total(due))}.")
        if everything:
            _show_strangers(output, home)
    else:
        output.final("Nothing was removed.")
    if json:
        document = {
            "removed": removed,
            "paths": [str(one.path) for one in due],
            "bytes": _total(due),
            "exit_code": 0,
        }
        require_valid("purged", document)
        output.document(document)


def _forget_sign_ins(output: Output, home: Home) -> None:
    """Remove from the keyring what nobody would find there without the list of connections."""
    secrets = SecretStore(home.folder)
    try:
        for one in Connections(home).all():
            forget_secrets(one.name, secrets)
    except TransferError as error:
        output.warn(
            f"Secrets of sign-ins may be left in the system's keyring, as decamp: {error.message}"
        )


def _show_strangers(output: Output, home: Home) -> None:
    left = strangers(home)
    if left:
        output.say(f"{home.folder} stays, because not all in it is decamp's:")
    for path in left:
        output.say(f"  {path}")


def _total(due: list[Kept]) -> int:
    return sum(one.size for one in due)


def _show(output: Output, due: list[Kept], home: Home) -> None:
    if not due:
        output.say(f"There is nothing to remove in {home.folder}.")
        return
    output.say(f"In {home.folder}:", "bold")
    output.table(
        ["what", "size", "file or folder"],
        [[one.what, size(one.size), str(one.path.relative_to(home.folder))] for one in due],
    )


def _agreed(output: Output, due: list[Kept]) -> bool:
    answer = confirm(output, f"Remove {plural(len(due), 'thing')}, {size(_total(due))}?")
    if answer is None:
        raise ConfigError(
            "decamp asks before it removes anything, and there is nobody to answer.",
            hint="Add --yes if you are sure, or --dry-run to look only.",
        )
    return answer
