"""Settings of the WebDAV plugin, and what it can do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from attrs import field, frozen

from decamp import ImporterCapabilities, Option

__all__ = ["CAPABILITIES", "KINDS", "Config", "SourceConfig"]

KINDS = frozenset({"profile", "post", "conversation", "message", "event", "section"})

CAPABILITIES = ImporterCapabilities(
    kinds=None, max_concurrency=8, max_segment_rows=50_000, delivery="idempotent"
)

_CA = "A file with the certificate of your own authority (PEM), trusted besides the public ones."
_PLAIN = (
    "Allow http:// to a server in your own network that has no TLS: your password and your data "
    "travel through it unencrypted. Servers with a public address stay refused."
)


def _whole(path: Path | None) -> Path | None:
    """Name a file so that it is found from any folder: the next run may start elsewhere."""
    return path.absolute() if path else None


@frozen
class Config:
    """Where the bundle goes."""

    url: Annotated[
        str,
        Option(
            "Address of a folder, https://HOST/PATH/FOLDER: a new or empty one, or one that "
            "decamp made.",
            True,
        ),
    ]
    ca_file: Annotated[Path | None, Option(_CA)] = field(default=None, converter=_whole)
    plain_http: Annotated[bool, Option(_PLAIN)] = False
    break_lock: Annotated[
        bool, Option("Take over the lock that another machine has left there.")
    ] = False


@frozen
class SourceConfig:
    """Where the bundle is."""

    url: Annotated[
        str, Option("Address of a bundle that decamp made, https://HOST/PATH/FOLDER.", True)
    ]
    ca_file: Annotated[Path | None, Option(_CA)] = field(default=None, converter=_whole)
    plain_http: Annotated[bool, Option(_PLAIN)] = False
    incomplete: Annotated[
        bool, Option("Also read a bundle whose last run has not come to its end.")
    ] = False
