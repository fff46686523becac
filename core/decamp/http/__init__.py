"""HTTP for addresses that came from data: nothing private is reached, nothing is signed in."""

from decamp.http.client import get, guarded_client, host_of
from decamp.http.guard import Refused, Resolver

__all__ = ["Refused", "Resolver", "get", "guarded_client", "host_of"]
