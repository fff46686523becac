"""Turns what was typed into ready plugins, and sets the engine to work."""

from decamp.assembly.looks import inspect, sandboxed
from decamp.assembly.runs import Request, plan, transfer

__all__ = ["Request", "inspect", "plan", "sandboxed", "transfer"]
