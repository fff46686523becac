"""Runs the real command line in a process of its own, in a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from attrs import frozen


@frozen
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output, which has to be one JSON document and nothing else."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Standard output, which has to be JSON lines and nothing else."""
        return [json.loads(line) for line in self.out.splitlines()]


@frozen
class Cli:
    """The command line of one person."""

    home: Path

    def environment(self, **more: str) -> dict[str, str]:
        """Give the variables of a plain shell."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DECAMP", "TYPER", "NO_COLOR", "FORCE_COLOR"))
        }
        return kept | {"DECAMP_HOME": str(self.home), "PYTHONUTF8": "1"} | more

    def __call__(self, *words: str, **variables: str) -> Ended:
        """Run ``decamp`` with these words, without a terminal."""
        done = subprocess.run(
            [sys.executable, "-m", "decamp", *words],
            env=self.environment(**variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )
        err = done.stderr.decode("utf-8", "replace")
        assert "Traceback" not in err
        return Ended(done.returncode, done.stdout.decode("ascii", "replace"), err)
