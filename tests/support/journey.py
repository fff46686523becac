"""A person's journey with decamp: archives, their media, a home, a bundle."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import bagit
from attrs import define, field

from decamp_tiktok.sandbox import MediaServer

DRIVER = Path(__file__).with_name("driver.py")


@define
class Journey:
    """One home and one bundle, over several runs in processes of their own."""

    folder: Path
    server: MediaServer | None = None
    options: list[str] = field(factory=list)

    @property
    def bundle(self) -> Path:
        return self.folder / "bundle"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def start(self, source: Path, **changes: Any) -> subprocess.Popen[str]:
        self.folder.mkdir(parents=True, exist_ok=True)
        request = {
            "source": str(source),
            "destination": str(self.bundle),
            "options": self.options,
            "allowed": [["127.0.0.1", self.server.port]] if self.server else [],
            **changes,
        }
        path = self.folder / "request.json"
        path.write_text(json.dumps(request), encoding="utf-8")
        return subprocess.Popen(
            [sys.executable, str(DRIVER), str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=os.environ | {"DECAMP_HOME": str(self.home)},
            pipesize=4096,  # a run cannot be over long before somebody reads what it says
        )

    def run(self, source: Path, **changes: Any) -> dict[str, Any]:
        process = self.start(source, **changes)
        output, errors = process.communicate(timeout=600)
        assert output, errors
        receipt: dict[str, Any] = json.loads(output.splitlines()[-1])
        assert "exit_code" in receipt, errors
        return receipt

    def bag(self) -> None:
        """Let the Library of Congress's own tool judge."""
        bagit.Bag(str(self.bundle)).validate()


def tree(folder: Path) -> dict[str, str]:
    """Digest every file below a folder, by its path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Give inode and change time of everything below a folder: any write shows."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


def rows(bundle: Path, collection: str) -> list[dict[str, Any]]:
    """Read all rows of a kind of activity, segment headers left out."""
    found: list[dict[str, Any]] = []
    for path in sorted((bundle / "data" / "activity" / collection).glob("*.jsonl")):
        found += [json.loads(line) for line in path.read_text("utf-8").split("\n")[1:-1]]
    return found
