"""What can be done about a destination after a transfer: look, take back, settle, forget."""

from decamp.upkeep.place import Place
from decamp.upkeep.requests import give_up, request_json, settle_request
from decamp.upkeep.settle import forget, resolve
from decamp.upkeep.undo import undo
from decamp.upkeep.undoing import Undoing
from decamp.upkeep.verify import verify

__all__ = [
    "Place",
    "Undoing",
    "forget",
    "give_up",
    "request_json",
    "resolve",
    "settle_request",
    "undo",
    "verify",
]
