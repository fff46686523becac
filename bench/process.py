"""Runs a program, or programs joined by pipes, and measures what they took."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile

from attrs import frozen

__all__ = ["Measured", "RunError", "run"]

_NOT_AS_INSTALLED = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
"""Settings of whoever develops: each start would compile what an installed program has compiled,
and each line that is printed would be a call."""

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # getrusage(2) says kilobytes on Linux


class RunError(Exception):
    """A measured program failed, or its result is not complete."""


@frozen
class Measured:
    """What one run took."""

    seconds: float
    """From the start of the first program to the end of the last one."""

    cpu: float | None
    """Seconds of processor time, of all programs together; None on Windows."""

    rss: int | None
    """The largest peak of resident memory of one of the programs, in bytes; None on Windows."""

    output: str
    """What the last program printed."""


def run(
    *pipeline: Sequence[str], extra: Mapping[str, str] | None = None, accept: Sequence[int] = (0,)
) -> Measured:
    """Run programs, each reading what the one before it prints.

    Args:
        extra: Environment variables to set.
        accept: Exit codes that are no failure.

    Raises:
        RunError: One of them ended with an error.
    """
    variables = {**os.environ, **(extra or {})}
    for name in _NOT_AS_INSTALLED:
        variables.pop(name, None)
    with TemporaryFile() as printed, TemporaryFile() as said:
        processes: list[subprocess.Popen[bytes]] = []
        started = time.perf_counter()
        for number, command in enumerate(pipeline, 1):
            before = processes[-1].stdout if processes else None
            processes.append(
                subprocess.Popen(
                    command,
                    stdin=before or subprocess.DEVNULL,
                    stdout=printed if number == len(pipeline) else subprocess.PIPE,
                    stderr=said,
                    env=variables,
                )
            )
            if before:
                before.close()  # so that the writer learns when its reader ends
        usages = [_wait(process) for process in processes]
        seconds = time.perf_counter() - started
        for process, command in zip(processes, pipeline, strict=True):
            if process.returncode not in accept:
                said.seek(0)
                tail = said.read().decode(errors="replace").strip()[-2000:]
                raise RunError(
                    f"{Path(command[0]).name} ended with code {process.returncode}:\n{tail}"
                )
        printed.seek(0)
        known = [usage for usage in usages if usage]
        return Measured(
            seconds=seconds,
            cpu=sum(cpu for cpu, _ in known) if known else None,
            rss=max((rss for _, rss in known), default=None),
            output=printed.read().decode(),
        )


def _wait(process: subprocess.Popen[bytes]) -> tuple[float, int] | None:
    """Wait for the end of a process; give its processor time and its peak of memory."""
    if sys.platform == "win32":
        process.wait()
        return None
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _RSS_UNIT
