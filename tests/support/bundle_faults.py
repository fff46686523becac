"""Ends or disturbs a forked run at its n-th file operation, without changing any code.

Python tells audit hooks of each operation before it happens (PEP 578), so a hook can end
the process there, as a kill would, or let the operation fail, as a disk would.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from decamp import TransferError

__all__ = ["ENDED", "FAILED_WELL", "KILLED", "UNEXPECTED", "run_with_fault"]

ENDED, KILLED, FAILED_WELL, UNEXPECTED = 0, 9, 3, 1

_EVENTS = {
    "open",
    "os.link",
    "os.listdir",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.scandir",
}


def run_with_fault(
    action: Callable[[], Any], root: Path, step: int, error: OSError | None = None
) -> int:
    """Run the action in a child; at operation `step` below `root` kill it, or raise `error`.

    Returns:
        ENDED, KILLED, FAILED_WELL (with an error of decamp that has a message and a hint),
        or UNEXPECTED.
    """
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = UNEXPECTED
    try:
        _arm(os.fspath(root), step, error)
        action()
        code = ENDED
    except TransferError as caught:
        code = FAILED_WELL if caught.message and caught.hint else UNEXPECTED
    except BaseException:  # noqa: BLE001 (nothing may leave the child)
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _arm(root: str, step: int, error: OSError | None) -> None:
    left = step

    def hook(event: str, args: tuple[Any, ...]) -> None:
        nonlocal left
        if event not in _EVENTS or not any(_is_below(arg, root) for arg in args):
            return
        left -= 1
        if left == 0:
            if error is None:
                os._exit(KILLED)
            raise error

    sys.addaudithook(hook)


def _is_below(arg: Any, root: str) -> bool:
    return isinstance(arg, str | os.PathLike) and os.fspath(arg).startswith(root)
