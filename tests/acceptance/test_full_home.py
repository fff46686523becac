"""The disk that holds decamp's own files is full, while a copy is fetched or a secret is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve

from api_journey import ADA
from cli_run import Cli
from decamp_tiktok.sandbox.options import Counts
from decamp_tiktok.sandbox.service import SandboxOptions, SandboxServer
from person import Connecting

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="uses mount namespaces")

NO_MOUNTS = 77
FULL = """
mount -t tmpfs -o size=2m tmpfs "$1" || exit 77
cp -a "$2"/. "$1"/
free=$(( $(stat -f -c '%a * %S' "$1") / 1024 ))
head -c $(( (free - $3) * 1024 )) /dev/zero > "$1"/filling
shift 3
"$@"
code=$?
rm "$DECAMP_HOME"/filling
"$PYTHON" -m decamp status 1>&2
exit $code
"""
KEEP = """
import sys
from pathlib import Path
from decamp.cli.faults import explain
from decamp.credentials import SecretStore
try:
    SecretStore(Path(sys.argv[1])).set("name", "x" * 9000)
except Exception as error:
    sys.exit(explain(error))
"""


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "home")


def on_a_full_disk(cli: Cli, free: int, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a program with a copy of the home on a disk where so many KiB are free."""
    disk = cli.home.parent / "disk"
    disk.mkdir(exist_ok=True)
    cli.home.mkdir(exist_ok=True)
    done = subprocess.run(
        [*("unshare", "-m", "sh", "-c", FULL, "sh", str(disk), str(cli.home), str(free)), *words],
        env=Cli(disk).environment(DECAMP_SECRETS="file", PYTHON=sys.executable),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode == NO_MOUNTS or "unshare failed" in done.stderr:
        assert not os.environ.get("CI"), "CI has to allow private mounts"
        pytest.skip(f"no private mounts here: {done.stderr}")
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize(
    ("free", "said"),
    [
        (150, "No room left on the disk that holds decamp's own files: {copies}/tiktok-"),
        (8, "The disk that holds decamp's journal is full: {home}."),
    ],
)
def test_while_a_copy_is_fetched(cli: Cli, free: int, said: str, tmp_path: Path) -> None:
    large = evolve(ADA, counts=Counts(posts=1, watched=40_000))
    options = SandboxOptions(users=(large,), delay=timedelta(hours=2))
    words = ("transfer", "tiktok:", str(tmp_path / "out"))
    with SandboxServer(options) as server:
        keys = {
            "DECAMP_TIKTOK_CLIENT_KEY": server.app.key,
            "DECAMP_TIKTOK_CLIENT_SECRET": server.app.secret,
        }
        person = Connecting(cli, lambda url: [server.sign_in(url)])
        given = ("--permission", "all", "--for", "once", "-o", f"api={server.address}")
        assert person("tiktok", *given, DECAMP_SECRETS="file", **keys).code == 0
        assert cli(*words, "--no-wait", DECAMP_SECRETS="file").code == 10
        server.clock.advance(timedelta(hours=3))

        ended = on_a_full_disk(cli, free, sys.executable, "-m", "decamp", *words)
        disk = tmp_path / "disk"
        assert ended.returncode == 6, ended.stderr
        assert said.format(home=disk, copies=disk / "copies") in ended.stderr
        assert "Next: Free some space" in ended.stderr
        assert "cut off" not in ended.stderr
        assert "damaged" not in ended.stderr

        ended = cli(*words, DECAMP_SECRETS="file")
        assert ended.code in (0, 3), ended.err
        assert server.simulator.faults.calls["add"] == 1


def test_while_a_secret_is_kept(cli: Cli) -> None:
    place = str(cli.home.parent / "disk")
    ended = on_a_full_disk(cli, 4, sys.executable, "-c", KEEP, place)
    assert ended.returncode == 6, ended.stderr
    assert f"decamp's own files: {place}/secrets.json." in ended.stderr
    assert "Next: Free some space" in ended.stderr
