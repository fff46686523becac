"""The garbage collector runs seldom while data passes, and as before afterwards."""

from __future__ import annotations

import gc

import pytest

from decamp.engine.garbage import seldom_collected


def test_the_collector_is_held_back_and_let_go_even_after_an_error() -> None:
    before = gc.get_threshold()
    held_back: list[int] = []
    frozen: list[int] = []

    def fail() -> None:
        with seldom_collected():
            held_back.extend(gc.get_threshold())
            frozen.append(gc.get_freeze_count())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert held_back[0] > 10 * before[0]
    assert held_back[1:] == list(before[1:])
    assert frozen[0] > 10_000, "what was imported is left alone"
    assert gc.get_freeze_count() == 0
    assert gc.isenabled()
    assert gc.get_threshold() == before
