"""Connections: a plugin, its settings and its sign-in, under a name.

What is no secret stands in a file (`file`); tokens and keys lie in the place for secrets
(`tokens`, `keys`).
"""

from decamp.connections.file import FILE, Connection, Connections, require_name
from decamp.connections.keys import are_set, find_keys, how_to_renew, keep_keys, variables_of
from decamp.connections.logins import find_login, forget_login, keep_login, login_variables
from decamp.connections.tokens import ConnectionTokens, forget_secrets

__all__ = [
    "FILE",
    "Connection",
    "ConnectionTokens",
    "Connections",
    "are_set",
    "find_keys",
    "find_login",
    "forget_login",
    "forget_secrets",
    "how_to_renew",
    "keep_keys",
    "keep_login",
    "login_variables",
    "require_name",
    "variables_of",
]
