"""The endless sequences that a sandbox account's rows come from."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decamp_tiktok.sandbox.timeline import Timeline

timelines = st.builds(
    Timeline,
    seed=st.integers(0, 9),
    name=st.sampled_from(["watched", "chat-1"]),
    pace=st.integers(1, 5_000),
    first=st.just(1_000),
    last=st.integers(2_000, 300_000_000),
    block=st.sampled_from([10, 100]),
    repeats=st.booleans(),
)


def rows(timeline: Timeline, start: int, stop: int, *, newest_first: bool = False) -> list[int]:
    times: list[int] = []
    for batch, _ in timeline.batches(start, stop, newest_first=newest_first):
        times += reversed(batch) if newest_first else batch
    return times


@given(timelines, st.integers(0, 400), st.integers(0, 400))
def test_parts_are_the_same_as_the_whole(timeline: Timeline, start: int, stop: int) -> None:
    whole = rows(timeline, 0, 400)
    assert rows(timeline, start, stop) == whole[start:stop]
    assert rows(timeline, start, stop, newest_first=True) == whole[start:stop][::-1]
    assert all(earlier <= later for earlier, later in pairwise(whole))


@given(timelines, st.integers(0, 400))
def test_index_counts_the_rows_before_a_time(timeline: Timeline, index: int) -> None:
    time = timeline.at(index)[0]
    before = timeline.index(time)
    assert before <= index
    assert timeline.at(before)[0] == time
    assert before == 0 or timeline.at(before - 1)[0] < time


@given(timelines)
def test_pace_is_the_number_of_rows_up_to_the_last_moment(timeline: Timeline) -> None:
    assert timeline.index(timeline.last) == timeline.pace


@pytest.mark.parametrize("repeats", [False, True])
def test_each_block_has_two_rows_in_one_second(repeats: bool) -> None:
    timeline = Timeline(1, "posts", 30, 0, 30_000_000, 10, repeats)
    for number in range(3):
        (first, one), (second, other) = (timeline.at(10 * number + row) for row in (7, 8))
        assert first == second
        assert (one == other) is repeats


def test_lists_differ_by_name_and_seed() -> None:
    made = {
        tuple(rows(Timeline(seed, name, 50, 0, 10**8), 0, 50))
        for seed in (1, 2)
        for name in ("liked", "watched")
    }
    assert len(made) == 4
