"""The wheel that people get, in an environment of its own, far from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

WHEEL = os.environ.get("DECAMP_WHEEL")

pytestmark = [
    pytest.mark.skipif(WHEEL is None, reason="DECAMP_WHEEL names no wheel; .ci/run builds one"),
    pytest.mark.timeout(1_800),  # all that it needs is downloaded and installed
]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an environment with nothing but the wheel and what it needs."""
    assert WHEEL is not None
    folder = tmp_path_factory.mktemp("wheel")
    venv.create(folder, with_pip=True)
    binary = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    command = [binary, "-m", "pip", "install", "--quiet", str(Path(WHEEL).resolve())]
    subprocess.run(command, check=True, cwd=folder)
    return binary


def run(python: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "DECAMP"))}
    return subprocess.run(
        [python, "-m", "decamp", *words],
        cwd=folder,
        env=environment | {"DECAMP_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )


def test_it_holds_every_package_and_data_file_and_nothing_else() -> None:
    assert WHEEL is not None
    names = zipfile.ZipFile(WHEEL).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        *("decamp", "decamp_schemas", "decamp_tiktok"),
        *("decamp_bluesky", "decamp_disk", "decamp_webdav"),
    }
    assert "decamp_schemas/v1/post.schema.json" in names
    assert all(f"{top}/py.typed" in names for top in tops if not top.endswith(".dist-info"))
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if "/tests/" in name or name.endswith(".pyc")]


def test_help_and_version(python: Path, tmp_path: Path) -> None:
    assert "transfer" in run(python, tmp_path, "--help").stdout
    assert run(python, tmp_path, "--version").returncode == 0


def test_plugins_are_found(python: Path, tmp_path: Path) -> None:
    found = json.loads(run(python, tmp_path, "plugins", "list", "--json").stdout)
    assert [one["name"] for one in found["exporters"]] == ["disk", "tiktok", "webdav"]
    assert [one["name"] for one in found["importers"]] == ["bluesky", "disk", "webdav"]
    assert found["broken"] == []


def test_the_demo_runs(python: Path, tmp_path: Path) -> None:
    result = run(python, tmp_path, "demo", "demo")
    assert result.returncode in (0, 3), result.stderr
    assert (tmp_path / "demo" / "bundle" / "bagit.txt").exists(), result.stderr


def test_the_sandbox_says_how_to_get_its_libraries(python: Path, tmp_path: Path) -> None:
    result = run(python, tmp_path, "sandbox", "tiktok", "--port", "0")
    assert result.returncode == 2, result.stderr
    assert 'python -m pip install "decamp[sandbox]"' in result.stderr


def test_the_sandbox_runs_with_them(python: Path, tmp_path: Path) -> None:
    assert WHEEL is not None
    wanted = f"decamp[sandbox] @ {Path(WHEEL).resolve().as_uri()}"
    subprocess.run([python, "-m", "pip", "install", "--quiet", wanted], check=True, cwd=tmp_path)
    script = (
        "import httpx; from decamp_tiktok.sandbox.service import SandboxServer\n"
        "with SandboxServer() as server: print(httpx.get(server.address, trust_env=False, timeout=120).status_code)"
    )
    done = subprocess.run(
        [python, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == "200\n", done.stderr
