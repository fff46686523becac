"""HTTP for addresses that came from data: nothing private is reached, nothing is signed in."""

from decamp.http.client import get, guarded_client, host_of
from decamp.http.guard import Refused, Resolver
from decamp.http.transport import HostNotFound

__all__ = ["HostNotFound", "Refused", "Resolver", "get", "guarded_client", "host_of"]
