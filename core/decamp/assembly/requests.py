"""Opens what is needed to settle requests for copies."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from decamp.assembly.making import made
from decamp.assembly.naming import Source, chosen, find_source
from decamp.assembly.signedin import signed_in
from decamp.connections import Connections
from decamp.engine.copies.place import copy_path, lock_name
from decamp.errors import ConfigError, Locked, SourceUnreadable
from decamp.home import Home
from decamp.journal import Journal, RequestRecord
from decamp.registry import Registry
from decamp.spec import Requests
from decamp.upkeep import give_up, request_json, settle_request
from decamp.validation import require_valid

__all__ = ["cancel", "copy_here", "known_requests", "pending_requests", "resolve_request"]


def known_requests(home: Home) -> list[RequestRecord]:
    """List all requests, oldest first. Makes no journal where there is none."""
    if not Journal.exists(home.journal):
        return []
    with closing(Journal.open(home.journal)) as journal:
        return journal.requests()


def pending_requests(home: Home) -> list[RequestRecord]:
    """List the requests of which something may still come."""
    return [one for one in known_requests(home) if not one.ended]


def copy_here(source: str, account: str, home: Home) -> Path | None:
    """Find the newest copy of an account's data that was downloaded and is still here."""
    files = [
        copy_path(home.copies, one)
        for one in known_requests(home)
        if (one.source, one.account, one.step) == (source, account, "here")
    ]
    return next((file for file in reversed(files) if file.is_file()), None)


def cancel(
    request: RequestRecord, options: Sequence[str] = (), *, registry: Registry, home: Home
) -> dict[str, Any]:
    """Give up a request: at the service, or the copy that was downloaded.

    Args:
        request: One of `pending_requests`.
        options: ``from.KEY=VALUE``.
        registry: All plugins.
        home: Where decamp keeps its files.

    Returns:
        The request as it is now, valid by ``request.schema.json``.

    Raises:
        ConfigError: Its id is not known.
        Locked: A run is getting the copy right now.
        TransferError: The service does not do it.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(home.lock(lock_name(request.source, request.account)))
        except Locked as error:
            raise Locked(
                "Another decamp is getting this copy right now.",
                hint="Stop it with Ctrl-C, or wait; then run the same command again.",
            ) from error
        journal = stack.enter_context(closing(Journal.open(home.journal)))
        exporter = None
        if request.step in ("open", "ready"):
            source = _asked_by(request, options, registry, home)
            signed = stack.enter_context(signed_in(source, home))
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="decamp-")))
            exporter = stack.enter_context(made(source.spec, source.config, scratch, signed, home))
            if not isinstance(exporter, Requests):
                raise ConfigError(f"{request.title} is no service that can be asked.")
        give_up(journal, request, exporter, home.copies)
        [now] = [one for one in journal.requests() if one.number == request.number]
        return _document(now)


def _asked_by(
    request: RequestRecord, options: Sequence[str], registry: Registry, home: Home
) -> Source:
    try:
        return find_source(request.title, chosen(options, "from"), registry, home)
    except (ConfigError, SourceUnreadable) as error:
        name = request.title.partition(":")[0]
        if name in registry.exporters or Connections(home).get(name):
            raise
        raise ConfigError(
            f"The connection {name}, by which the copy was asked for, is not there any more, so "
            "the service cannot be told to stop.",
            hint=f"Sign in again: decamp connect {request.source} {name}. Then run the same "
            "command again.",
        ) from error


def resolve_request(
    decision: str, *, registry: Registry, home: Home
) -> tuple[RequestRecord, dict[str, Any]]:
    """Settle a request whose answer was lost; see `decamp.upkeep.settle_request`.

    Returns:
        The request as it was, and what it is now, valid by ``request.schema.json``.
    """
    if not Journal.exists(home.journal):
        raise ConfigError("decamp has not asked for any copy on this computer.")

    def read_id(source: str, text: str) -> str:
        read = registry.exporter(source).request_id
        return read(text) if read is not None else text

    with closing(Journal.open(home.journal)) as journal:
        before, now = settle_request(journal, decision, read_id)
        return before, _document(now)


def _document(request: RequestRecord) -> dict[str, Any]:
    document = {"request": request_json(request), "exit_code": 0}
    require_valid("request", document)
    return document
