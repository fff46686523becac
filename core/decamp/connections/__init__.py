"""Connections: a plugin, its settings and its sign-in, under a name.

What is no secret stands in a file (`file`); tokens and keys lie in the place for secrets
(`tokens`, `keys`).
"""

from decamp.connections.file import FILE, Connection, Connections, require_name
from decamp.connections.keys import find_keys, keep_keys, variables_of
from decamp.connections.tokens import ConnectionTokens, forget_secrets

__all__ = [
    "FILE",
    "Connection",
    "ConnectionTokens",
    "Connections",
    "find_keys",
    "forget_secrets",
    "keep_keys",
    "require_name",
    "variables_of",
]
