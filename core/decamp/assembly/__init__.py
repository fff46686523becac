"""Turns what was typed into ready plugins, and sets the engine to work."""

from decamp.assembly.looks import inspect, sandboxed
from decamp.assembly.runs import Request, plan, transfer
from decamp.assembly.upkeep import Undoable, opened, undoable

__all__ = [
    "Request",
    "Undoable",
    "inspect",
    "opened",
    "plan",
    "sandboxed",
    "transfer",
    "undoable",
]
