"""decamp: leave a place and take everything with you.

This module is the contract: all names that a plugin may import.
"""

from __future__ import annotations

TYPE_CHECKING = False  # not by `typing`, whose import takes a while: see `decamp.cli.run`
if TYPE_CHECKING:
    from typing import Any

    from decamp.auth import AppPassword, Grant, Login, OAuth2, Permission, Term
    from decamp.errors import (
        AccessDenied,
        AuthError,
        ConfigError,
        Conflict,
        Corrupted,
        DestinationFull,
        DestinationRefused,
        ItemError,
        ItemGone,
        ItemHeld,
        ItemRejected,
        ItemSkipped,
        JournalDamaged,
        Locked,
        NotReady,
        PluginError,
        RateLimited,
        SourceUnreadable,
        TransferError,
        Unavailable,
    )
    from decamp.exchange import Asks, Reply
    from decamp.hookspecs import hookimpl
    from decamp.model import (
        Account,
        Blob,
        Collection,
        Depth,
        Destination,
        Finding,
        Holding,
        Item,
        Link,
        Loss,
        Missing,
        Origin,
        Page,
        Preview,
        Receipt,
        RowBatch,
    )
    from decamp.options import Option
    from decamp.spec import (
        CONTRACT_VERSION,
        Authenticates,
        Batches,
        Begins,
        Budget,
        Closes,
        Context,
        Exporter,
        ExporterSpec,
        Fills,
        Finds,
        Finishes,
        Identifies,
        Importer,
        ImporterCapabilities,
        ImporterSpec,
        Inspects,
        Knows,
        Previews,
        Probes,
        Removes,
        Requests,
        RequestState,
        RequestStatus,
        Sandbox,
        SandboxSession,
        Secrets,
        ServedSandbox,
        Serves,
        SignsIn,
        Simulation,
        Syncs,
        Updates,
        Verifies,
    )

__version__ = "0.1.0"

__all__ = [
    "CONTRACT_VERSION",
    "AccessDenied",
    "Account",
    "AppPassword",
    "Asks",
    "AuthError",
    "Authenticates",
    "Batches",
    "Begins",
    "Blob",
    "Budget",
    "Closes",
    "Collection",
    "ConfigError",
    "Conflict",
    "Context",
    "Corrupted",
    "Depth",
    "Destination",
    "DestinationFull",
    "DestinationRefused",
    "Exporter",
    "ExporterSpec",
    "Fills",
    "Finding",
    "Finds",
    "Finishes",
    "Grant",
    "Holding",
    "Identifies",
    "Importer",
    "ImporterCapabilities",
    "ImporterSpec",
    "Inspects",
    "Item",
    "ItemError",
    "ItemGone",
    "ItemHeld",
    "ItemRejected",
    "ItemSkipped",
    "JournalDamaged",
    "Knows",
    "Link",
    "Locked",
    "Login",
    "Loss",
    "Missing",
    "NotReady",
    "OAuth2",
    "Option",
    "Origin",
    "Page",
    "Permission",
    "PluginError",
    "Preview",
    "Previews",
    "Probes",
    "RateLimited",
    "Receipt",
    "Removes",
    "Reply",
    "RequestState",
    "RequestStatus",
    "Requests",
    "RowBatch",
    "Sandbox",
    "SandboxSession",
    "Secrets",
    "ServedSandbox",
    "Serves",
    "SignsIn",
    "Simulation",
    "SourceUnreadable",
    "Syncs",
    "Term",
    "TransferError",
    "Unavailable",
    "Updates",
    "Verifies",
    "__version__",
    "hookimpl",
]


def __getattr__(name: str) -> Any:
    """Import the contract when its first name is used (PEP 562).

    ``decamp --help`` needs none of it, and attrs and pluggy take longer to import than all
    that it does need.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from decamp import auth, errors, exchange, hookspecs, model, options, spec

    for module in (auth, errors, exchange, hookspecs, model, options, spec):
        globals().update({word: vars(module)[word] for word in module.__all__ if word in __all__})
    return globals()[name]
