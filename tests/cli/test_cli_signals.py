"""Ctrl-C: once to stop, twice to quit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from decamp.cli.signals import STOPPING, stop_on_signals

WAITS = """
import sys
from decamp.cli.signals import stop_on_signals
with stop_on_signals(announce=True) as stop:
    print("ready", flush=True)
    stop.wait()
    print("stopping", flush=True)
    if sys.argv[1] == "twice":
        sys.stdin.read()
"""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")


def start(mode):
    process = subprocess.Popen(
        [sys.executable, "-c", WAITS, mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_to_stop(number):
    process = start("once")
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "stopping\n")
    assert STOPPING in err


def test_the_second_signal_quits():
    process = start("twice")
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "stopping\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert process.stderr.read().endswith(
        "\nQuit at once, as you asked. Run the same command again to go on.\n"
    )
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()


def test_a_wait_has_its_end_and_a_stop_ends_it():
    with stop_on_signals(announce=False) as stop:
        assert not stop.wait(0.0)
        assert not stop.wait(0.01)
        stop.set()
        assert stop.wait(3600)
        assert stop.wait()


def test_afterwards_signals_do_what_they_did():
    before = signal.getsignal(signal.SIGINT)
    with stop_on_signals(announce=False):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
