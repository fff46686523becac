"""Moves items from an exporter to an importer."""

from decamp.engine.job import Ask, Job, Settings, nobody, nothing_here
from decamp.engine.selection import Selection
from decamp.engine.tally import Tally
from decamp.engine.transfer import Engine

__all__ = ["Ask", "Engine", "Job", "Selection", "Settings", "Tally", "nobody", "nothing_here"]
