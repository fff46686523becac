"""``decamp connections``."""

from __future__ import annotations

from typing import Any

from decamp import registry
from decamp.assembly.naming import declared
from decamp.auth import AppPassword, Login, OAuth2
from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.grants import document, granted_words
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.words import command_line, day
from decamp.connections import Connection, Connections
from decamp.connections.lasting import ending
from decamp.engine.clock import now
from decamp.errors import TransferError
from decamp.home import Home
from decamp.options import describe
from decamp.registry import Loaded, Registry
from decamp.spec import ExporterSpec, ImporterSpec

app = command_app()


@app.command(cls=Command, epilog="Examples:\n\n  decamp connections\n  decamp connections --json")
def connections(*, json: options.Json = False, quiet: options.Quiet = False) -> None:
    """List where you are signed in, what is granted and until when.

    No service is asked: this is what it told last. A sign-in that ends within a month is
    said; a permission for once disappears when it has been used.
    """
    output, plugins, moment = Output(quiet), registry.load(), now()
    found = Connections(Home.find()).all()
    if not found:
        output.say("You are not signed in anywhere. To sign in, one of these:")
        for words in _sign_ins(plugins):
            output.command(command_line("decamp", "connect", words))
    output.table(
        ["name", "service", "account", "granted", "since", "until"],
        [_row(one, plugins) for one in found],
    )
    for one in found:
        missing = one.grant.asked - one.grant.scopes
        if missing:
            words = granted_words(_oauth(one, plugins), missing)
            output.warn(f"{one.name}: not granted, or used up: {words}.")
        if warning := ending(one, moment):
            output.warn(warning)
    if json:
        output.document(document(found, moment))


def _sign_ins(plugins: Registry) -> list[str]:
    """List what can be signed in to, as it is typed."""
    specs = [
        loaded.spec
        for table in (plugins.exporters, plugins.importers)
        for loaded in table.values()
        if loaded.spec.auth is not None
    ]
    return sorted({spec.name: _named(spec) for spec in specs}.values())


def _named(spec: ExporterSpec[Any] | ImporterSpec[Any]) -> str:
    """Name a service, with the place that it cannot do without."""
    place = next((one for one in describe(spec.config) if one.location and one.required), None)
    return f"{spec.name}:{place.name.upper()}" if place else spec.name


def _row(one: Connection, plugins: Registry) -> list[str]:
    grant, loaded, auth = one.grant, _loaded(one, plugins), _declared(one, plugins)
    return [
        one.name,
        loaded.spec.title if loaded else f"{one.plugin} (not installed)",
        (auth.account if isinstance(auth, AppPassword) else grant.account) or "not told",
        granted_words(_oauth(one, plugins), grant.scopes)
        if grant.asked
        else "all that this user may",
        day(grant.since.isoformat()),
        day(grant.until.isoformat()) if grant.until else "not told",
    ]


def _loaded(one: Connection, plugins: Registry) -> Loaded[Any] | None:
    return plugins.exporters.get(one.plugin) or plugins.importers.get(one.plugin)


def _declared(one: Connection, plugins: Registry) -> OAuth2 | Login | AppPassword | None:
    loaded = _loaded(one, plugins)
    try:
        return declared(loaded.spec, one) if loaded else None
    except TransferError:  # a setting that this version does not know any more
        return None


def _oauth(one: Connection, plugins: Registry) -> OAuth2 | None:
    found = _declared(one, plugins)
    return found if isinstance(found, OAuth2) else None
