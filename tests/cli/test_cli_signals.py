"""Ctrl-C: once to stop, twice to quit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from cli_run import Cli
from decamp.cli.signals import STOPPING, stop_on_signals
from hand_files import account, pack
from terminal import at_terminal, needs_terminal, run_at_terminal

WAITS = """
import sys, time
from decamp.cli.signals import stop_on_signals
with stop_on_signals(announce=True) as stop:
    print("ready", flush=True)
    stop.wait()
    print("stopping", flush=True)
    while sys.argv[1] == "twice":  # and is never deaf for long, as a read would be
        time.sleep(0.1)
"""

AT_EACH_STEP = """
import signal, sys, threading
from decamp.cli import signals

def at_step(number):
    def trace(frame, event, _argument):
        nonlocal number
        if frame.f_code.co_filename not in (threading.__file__, signals.__file__):
            return None
        if event == "line":
            number -= 1
            if number == 0:
                sys.settrace(None)
                signal.raise_signal(signal.SIGINT)
        return trace
    with signals.stop_on_signals(announce=False) as stop:
        sys.settrace(trace)
        stop.wait(0.2)
        sys.settrace(None)
        return number <= 0 and stop.wait()

for step in range(1, 45):
    if at_step(step):
        print(step, flush=True)
"""

ELSEWHERE = """
import signal, sys, threading, time
from decamp.cli import questions
from decamp.cli.output import Output
from decamp.cli.signals import interruptible

def signalled():
    while sys._current_frames()[threading.main_thread().ident].f_code.co_name != "_typed":
        time.sleep(0.01)
    time.sleep(0.5)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

threading.Thread(target=signalled, daemon=True).start()
with interruptible():
    try:
        getattr(questions, sys.argv[1])(Output(), "What?")
    except KeyboardInterrupt:
        print("Ended")
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


def test_a_signal_at_any_step_of_a_wait_asks_to_stop():
    # An event's lock is held for most of these steps; what is interrupted goes on only after
    # the handler has returned.
    done = subprocess.run(
        [sys.executable, "-c", AT_EACH_STEP],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) > 15, "it takes some 35 steps, unless the machine is slow"


@needs_terminal
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_question_in_the_middle_of_a_run_is_no_reason_to_stay(number, tmp_path):
    cli, bundle = Cli(tmp_path / "home"), str(tmp_path / "bundle")
    of_ada = pack(tmp_path / "ada.zip", account("ada.example", "one"))
    of_eve = pack(tmp_path / "eve.zip", account("eve.example", "two"))
    assert cli("transfer", str(of_ada), bundle).code == 0
    asked = ("[yes/no]", number)
    ended = at_terminal(cli, "transfer", str(of_eve), bundle, answers=[asked])
    assert ended.code == 130
    assert "Stopped, as you asked." in ended.err
    assert "was interrupted" in cli("status").err


@needs_terminal
@pytest.mark.parametrize("asking", ["ask", "ask_secret", "confirm"])
def test_a_signal_just_before_a_line_is_read_counts(asking):
    """As one that comes to another thread, it is noted by the interpreter, and ends no read."""
    ended = run_at_terminal([sys.executable, "-c", ELSEWHERE, asking], answers=[])
    assert (ended.code, ended.err.split()[0], ended.err.split()[-1]) == (0, "What?", "Ended")


@needs_terminal
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_typed_is_shown_again_after_a_secret_was_asked_for(number, tmp_path):
    asked = ("App password, not shown:", number)
    cli = Cli(tmp_path / "home")
    words, kept = ("connect", "bluesky:a.example"), {"DECAMP_SECRETS": "file"}
    assert at_terminal(cli, *words, answers=[asked], **kept).code == 130


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
