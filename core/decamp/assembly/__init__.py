"""Turns what was typed into ready plugins, and sets the engine to work."""

from decamp.assembly.checking import check
from decamp.assembly.connecting import (
    Draft,
    connect,
    draft,
)
from decamp.assembly.disconnecting import (
    by_app_password,
    disconnect,
    ended_with,
    found_connection,
)
from decamp.assembly.inspecting import inspect
from decamp.assembly.logins import Accepted, LoginDraft, connect_login
from decamp.assembly.passwords import PasswordDraft, connect_by_password
from decamp.assembly.requests import cancel, known_requests, pending_requests, resolve_request
from decamp.assembly.runs import Request, is_public, plan, transfer
from decamp.assembly.sandboxes import sandboxed, served
from decamp.assembly.upkeep import Reached, Undoable, opened, undoable

__all__ = [
    "Accepted",
    "Draft",
    "LoginDraft",
    "PasswordDraft",
    "Reached",
    "Request",
    "Undoable",
    "by_app_password",
    "cancel",
    "check",
    "connect",
    "connect_by_password",
    "connect_login",
    "disconnect",
    "draft",
    "ended_with",
    "found_connection",
    "inspect",
    "is_public",
    "known_requests",
    "opened",
    "pending_requests",
    "plan",
    "resolve_request",
    "sandboxed",
    "served",
    "transfer",
    "undoable",
]
