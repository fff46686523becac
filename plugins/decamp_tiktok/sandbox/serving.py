"""The sandbox as ``decamp sandbox tiktok`` serves it: settings as text, and what to type next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs

from decamp import ConfigError, ServedSandbox, Simulation

if TYPE_CHECKING:
    from decamp_tiktok.sandbox.service import SandboxOptions, SandboxServer

__all__ = ["OWN_OPTIONS", "serving"]

_LARGEST = 100
OWN_OPTIONS = {
    "webhook": "an address on this computer that events are sent to",
    "redirect": "a redirect address to register for the web app",
    "approved": "the scopes that the apps are approved for, separated by commas",
    "scale": "the size of the accounts; 1.0 is a heavy one",
}
"""Options beside the switches of `Behaviour`."""


@contextmanager
def serving(wanted: Simulation) -> Iterator[ServedSandbox]:
    """Serve a sandbox, and tell how it is used.

    Raises:
        ConfigError: A setting is wrong, the port is taken, or a library is missing.
    """
    try:
        from decamp_tiktok.sandbox.service import SandboxServer
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in ("starlette", "uvicorn"):
            raise
        raise ConfigError(
            f"The sandbox needs {library}, which is not installed.",
            hint='Install it with: python -m pip install "decamp[sandbox]"',
        ) from error
    with SandboxServer(_options(wanted), port=wanted.port) as server:
        yield _described(server)


def _options(wanted: Simulation) -> SandboxOptions:
    from decamp_tiktok.sandbox.service import Behaviour, SandboxOptions, ServiceFault

    own = {name: value for name, value in wanted.options if name in OWN_OPTIONS}
    switches = {name: value for name, value in wanted.options if name not in OWN_OPTIONS}
    try:
        options = SandboxOptions(
            seed=wanted.seed,
            delay=wanted.delay,
            behaviour=Behaviour().changed(switches),
            faults=tuple(map(ServiceFault.parse, wanted.faults)),
        )
        return _sized(_with_apps(options, own), own)
    except ValueError as error:
        raise ConfigError(
            f"The sandbox cannot be set up like this: {error}.",
            hint=f"Other options: {', '.join(f'{name} ({text})' for name, text in OWN_OPTIONS.items())}.",
        ) from error


def _with_apps(options: SandboxOptions, own: dict[str, str]) -> SandboxOptions:
    changes: dict[str, Any] = {}
    if "webhook" in own:
        changes["webhook"] = own["webhook"]
    if "approved" in own:
        changes["scopes"] = frozenset(own["approved"].split(","))
    apps = [attrs.evolve(app, **changes) for app in options.apps]
    if "redirect" in own:
        apps = [
            attrs.evolve(app, redirect_uris=(*app.redirect_uris, own["redirect"]))
            if app.kind == "web"
            else app
            for app in apps
        ]
    return attrs.evolve(options, apps=tuple(apps))


def _sized(options: SandboxOptions, own: dict[str, str]) -> SandboxOptions:
    if "scale" not in own:
        return options
    try:
        scale = float(own["scale"])
    except ValueError:
        scale = 0
    if not 0 < scale <= _LARGEST:
        raise ValueError(f"scale is a number above 0, and {_LARGEST} at most")
    users = tuple(attrs.evolve(user, counts=scale) for user in options.users)
    return attrs.evolve(options, users=users)


def _described(server: SandboxServer) -> ServedSandbox:
    options = server.simulator.options
    facts = []
    for app in options.apps:
        facts.append((f"App for {app.kind}", f"key {app.key}, secret {app.secret}"))
        if app.kind == "web":
            facts.append(("", f"redirects to {' or '.join(app.redirect_uris)}"))
    facts.append(
        (
            "People",
            ", ".join(
                f"{user.username} ({user.region}{'' if user.in_region else ', outside of the EEA and the UK'})"
                for user in options.users
            ),
        )
    )
    return ServedSandbox(
        address=server.address,
        facts=tuple(facts),
        commands=(
            (
                "Sign in, with the key and secret of the app for desktop",
                ("connect", "tiktok", "sandbox", "-o", f"api={server.address}"),
            ),
            ("Bring the data to a folder", ("transfer", "sandbox:", "TikTok-sandbox")),
            (
                "Or an archive that you have downloaded from its page, with its media",
                ("transfer", "sandbox:TikTok_Data.zip", "TikTok-sandbox"),
            ),
        ),
    )
