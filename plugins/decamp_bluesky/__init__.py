"""Bluesky, or any server of the AT Protocol, as a destination for posts and the profile.

Importing this module does no work; the importer is loaded when one is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from decamp import AppPassword, Context, Importer, ImporterCapabilities, ImporterSpec, hookimpl
from decamp_bluesky.config import APP_PASSWORDS, Config, capabilities

__all__ = ["Config", "decamp_importers"]


@hookimpl
def decamp_importers() -> Iterable[ImporterSpec[Any]]:
    """Declare the importer."""
    return [
        ImporterSpec(
            name="bluesky",
            title="Bluesky",
            config=Config,
            create=_create,
            capabilities=ImporterCapabilities(
                kinds=frozenset({"post", "profile"}), delivery="idempotent", public=True
            ),
            capabilities_for=capabilities,
            auth=_auth,
        )
    ]


def _auth(config: Config) -> AppPassword:
    return AppPassword(account=config.handle, keys=APP_PASSWORDS)


def _create(context: Context[Config]) -> Importer:
    from decamp_bluesky.importer import BlueskyImporter

    return BlueskyImporter(context)
