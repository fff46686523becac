"""Nothing of a person's own decamp may be touched by a test."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No test depends on time: a busy machine makes none fail. Nor on chance: the same examples every time.
# `pytest --hypothesis-profile=search` tries others, and remembers what fails.
calm = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("search", derandomize=False, **calm)
settings.register_profile("decamp", derandomize=True, database=None, **calm)
settings.load_profile("decamp")

if threading.current_thread() is threading.main_thread():
    # What is started in the background has Ctrl-C ignored, and so would all that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["dav_servers"]  # WebDAV servers, for tests of the plugin and whole journeys


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test a DECAMP_HOME of its own, not yet created."""
    folder = tmp_path_factory.mktemp("decamp") / "home"
    monkeypatch.setenv("DECAMP_HOME", str(folder))
    monkeypatch.delenv("DECAMP_PLUGINS", raising=False)
    monkeypatch.delenv("DECAMP_SECRETS", raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return folder
