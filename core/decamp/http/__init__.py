"""HTTP: for addresses that came from data (`client`), and for services (`service`).

For the first, nothing private is reached and nothing is signed in.
"""

from decamp.http.client import get, guarded_client, host_of
from decamp.http.guard import Refused, Resolver
from decamp.http.service import is_loopback, require_safe, service_client
from decamp.http.transport import HostNotFound

__all__ = [
    "HostNotFound",
    "Refused",
    "Resolver",
    "get",
    "guarded_client",
    "host_of",
    "is_loopback",
    "require_safe",
    "service_client",
]
