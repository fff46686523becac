"""A person at a terminal: reads what decamp says there, and types what it asks for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

import pytest

from cli_run import Cli, Ended

__all__ = ["at_terminal", "needs_terminal", "run_at_terminal"]

needs_terminal = pytest.mark.skipif(sys.platform == "win32", reason="no such terminals")


Answers = Iterable[tuple[str, str | signal.Signals | Callable[[str], str]]]


def at_terminal(cli: Cli, *words: str, answers: Answers, **variables: str) -> Ended:
    """Run ``decamp`` with these words as `run_at_terminal` does."""
    command = [sys.executable, "-m", "decamp", *words]
    env = cli.environment(TERM="dumb", COLUMNS="400", **variables)
    return run_at_terminal(command, answers, env)


def run_at_terminal(
    command: Sequence[str], answers: Answers, env: Mapping[str, str] | None = None
) -> Ended:
    """Run a program at a terminal; all questions have to be asked.

    Args:
        answers: In their order: a piece of the question, and the line to type; or a function
            that makes it of what was said since the last answer; or a signal instead.

    Returns:
        How it ended, with all that stood on the terminal as `err`. The terminal was left as it
        had been: what is typed is shown.
    """
    import pty
    import termios

    here, there = pty.openpty()
    before = termios.tcgetattr(there)
    due = deque(answers)
    said = new = ""
    with subprocess.Popen(
        command, env=env,
        stdin=there, stdout=there, stderr=there, start_new_session=True,
    ) as running:  # fmt: skip
        os.close(there)
        try:
            while chunk := _read(here):
                said, new = said + chunk, new + chunk
                if due and due[0][0] in new:
                    answer = due.popleft()[1]
                    if isinstance(answer, signal.Signals):
                        running.send_signal(answer)
                    else:
                        line = answer if isinstance(answer, str) else answer(new)
                        os.write(here, f"{line}\n".encode())
                    new = ""
        except BaseException:  # such as a test that takes too long
            running.kill()
            raise
    after = termios.tcgetattr(here)
    os.close(here)
    assert after == before
    assert "Traceback" not in said
    assert not due, f"never asked for {due[0][0]!r}:\n{said}"
    return Ended(running.returncode, "", said)


def _read(terminal: int) -> str:
    """Give what was said meanwhile; nothing once the program has ended."""
    try:
        return os.read(terminal, 4096).decode("utf-8", "replace")
    except OSError:  # so Linux says it
        return ""
