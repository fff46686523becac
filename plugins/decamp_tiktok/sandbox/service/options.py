"""What a sandbox is to be like."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import attrs
from attrs import field, frozen

from decamp_tiktok.sandbox.service.apps import App, Kind
from decamp_tiktok.sandbox.service.behaviour import Behaviour
from decamp_tiktok.sandbox.service.faults import ServiceFault
from decamp_tiktok.sandbox.service.users import USERS, User

__all__ = ["SandboxOptions", "example_app"]


def example_app(seed: int, kind: Kind = "desktop", **changes: Any) -> App:
    """Make an app whose key and secret are the same for the same seed.

    A web app may redirect to loopback over ``http`` unless something else is said.
    """
    source = Random(f"{seed}/app/{kind}")
    key = f"sb{kind[0]}w{source.getrandbits(56):014x}"
    secret = f"{source.getrandbits(128):032x}"
    if kind == "web":
        changes = {
            "loopback": True,
            "redirect_uris": (
                "http://127.0.0.1:8000/callback",
                "https://service.example/callback",
            ),
        } | changes
    return App(**{"key": key, "secret": secret, "kind": kind, "name": "Example app"} | changes)


def _apps(options: SandboxOptions) -> tuple[App, ...]:
    return (example_app(options.seed), example_app(options.seed, "web", name="Example service"))


def _unique(
    _options: SandboxOptions, attribute: attrs.Attribute[Any], values: Sequence[Any]
) -> None:
    names = [getattr(value, "key", None) or value.username for value in values]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"{attribute.name} are one or more, no two of them the same")


@frozen(kw_only=True)
class SandboxOptions:
    """Everything that decides what a sandbox answers: the same options, the same answers."""

    seed: int = 0
    """Decides keys, codes, tokens and ids."""

    apps: tuple[App, ...] = field(default=attrs.Factory(_apps, takes_self=True), validator=_unique)
    """By default one app for desktop and one for web, approved for everything."""

    users: tuple[User, ...] = field(default=USERS, validator=_unique)
    behaviour: Behaviour = field(factory=Behaviour)
    faults: tuple[ServiceFault, ...] = ()

    at: datetime | None = None
    """When it is. The clock stands there until it is moved; None for the computer's clock."""

    delay: timedelta = timedelta(0)
    """How long a request is pending."""

    access_lifetime: timedelta | None = None
    """How long access tokens live, if not as `Behaviour.lifetimes` says."""

    refresh_lifetime: timedelta | None = None
    """How long refresh tokens live, counted from the consent."""

    rate_limit: int = 1_000
    """Calls in a minute, for each endpoint and app."""

    callback_limit: timedelta = timedelta(hours=72)
    """For how long an event is sent again."""
