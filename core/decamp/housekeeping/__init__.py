"""What decamp keeps on this machine: to look at it, to mend it, to throw it away."""

from decamp.housekeeping.doctor import Check, examine, exit_code
from decamp.housekeeping.inventory import Kept, inventory, require_quiet, strangers
from decamp.housekeeping.purge import remove
from decamp.housekeeping.repair import set_aside

__all__ = [
    "Check",
    "Kept",
    "examine",
    "exit_code",
    "inventory",
    "remove",
    "require_quiet",
    "set_aside",
    "strangers",
]
