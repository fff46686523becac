"""``decamp plugins``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from decamp import assembly, registry
from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.logs import logging_to
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.home import Home
from decamp.options import Setting, describe
from decamp.registry import Loaded, Registry
from decamp.spec import ExporterSpec, ImporterSpec

app = command_app(no_args_is_help=True)


@app.callback(epilog="Examples:\n\n  decamp plugins list\n  decamp plugins list --json")
def plugins() -> None:
    """See which sources and destinations there are."""


@app.command(
    "list", cls=Command, epilog="Examples:\n\n  decamp plugins list\n  decamp plugins list --json"
)
def list_plugins(*, json: options.Json = False) -> None:
    """List all installed plugins, their settings, and those that cannot be used.

    Whatever is installed is used. The variable DECAMP_PLUGINS restricts that to some names.
    """
    output, found = Output(), registry.load()
    output.say("Sources", "bold")
    for exporter in found.exporters.values():
        _show(output, exporter, "from")
    output.say("Destinations", "bold")
    for importer in found.importers.values():
        _show(output, importer, "to")
    if found.broken:
        output.warn("Cannot be used")
    for broken in found.broken:
        output.say(f"  {broken.name} ({broken.distribution}): {broken.reason}")
    if json:
        output.document(_document(found))


@app.command(
    cls=Command,
    epilog="Examples:\n\n  decamp plugins check ~/TikTok\n"
    "  decamp plugins check webdav:https://cloud.example.org/remote.php/dav/files/me/TikTok",
)
def check(
    destination: Annotated[
        str,
        typer.Argument(metavar="DESTINATION", help="A folder, or PLUGIN:LOCATION."),
    ],
    *,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", metavar="to.KEY=VALUE", help="A setting of the plugin."),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Look whether a transfer to a destination could work, and what it honours.

    Where that has to be tried out, as at a WebDAV server, decamp does so with files of its own
    in a folder that it removes again; nothing of your data is sent.
    """
    output, home = Output(quiet), Home.find()
    with logging_to(home, output):
        found = assembly.check(destination, option or (), registry=registry.load(), home=home)
    holds = "holds a bundle that can be continued" if found["holds"] else "is free for a bundle"
    output.final(f"{found['destination']} can be used, and {holds}.", "bold")
    output.facts([(fact["what"], fact["found"]) for fact in found["facts"]])
    if json:
        output.document(found)


def _show(
    output: Output, loaded: Loaded[ExporterSpec[Any]] | Loaded[ImporterSpec[Any]], side: str
) -> None:
    spec = loaded.spec
    output.say(f"  {spec.name}: {spec.title} ({loaded.distribution})")
    output.facts(
        [
            (
                f"  {spec.name}:..." if setting.location else f"  -o {side}.{setting.name}=...",
                setting.help,
            )
            for setting in describe(spec.config)
        ]
    )


def _document(found: Registry) -> dict[str, Any]:
    """Describe all plugins, valid by ``plugins.schema.json``."""
    exporters = [
        {
            "name": loaded.spec.name,
            "title": loaded.spec.title,
            "distribution": loaded.distribution,
            "kinds": sorted(loaded.spec.kinds),
            "options": [_setting(setting) for setting in describe(loaded.spec.config)],
        }
        for loaded in found.exporters.values()
    ]
    importers = []
    for loaded in found.importers.values():
        kinds = loaded.spec.capabilities.kinds
        entry: dict[str, Any] = {
            "name": loaded.spec.name,
            "title": loaded.spec.title,
            "distribution": loaded.distribution,
            "delivery": loaded.spec.capabilities.delivery,
            "options": [_setting(setting) for setting in describe(loaded.spec.config)],
        }
        if kinds is not None:
            entry["kinds"] = sorted(kinds)
        importers.append(entry)
    broken = [
        {"name": one.name, "distribution": one.distribution, "reason": one.reason}
        for one in found.broken
    ]
    return {"exporters": exporters, "importers": importers, "broken": broken}


def _setting(setting: Setting) -> dict[str, Any]:
    return {
        "name": setting.name,
        "help": setting.help,
        "required": setting.required,
        "location": setting.location,
    }
