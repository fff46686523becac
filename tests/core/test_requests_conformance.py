"""The suite for sources that make copies, on the stand-in that authors get."""

from __future__ import annotations

import pytest

from decamp.errors import Unavailable
from decamp.model import Page
from decamp.spec import RequestStatus
from decamp.testing import RequestsSuite, ScriptedRequests
from decamp.testing.samples import post_item


def scripted() -> ScriptedRequests:
    return ScriptedRequests((), copies=[[Page((post_item(1),))]])


class TestScriptedRequests(RequestsSuite):
    @pytest.fixture
    def exporter(self) -> ScriptedRequests:
        return scripted()


class TestScriptedRequestsThatTakeTime(RequestsSuite):
    @pytest.fixture
    def exporter(self) -> ScriptedRequests:
        made = scripted()
        made.states = [RequestStatus("pending")]
        return made

    def make_ready(self, exporter, request) -> None:
        exporter.states.clear()


def test_the_suite_bites(tmp_path) -> None:
    suite = RequestsSuite()
    broken = scripted()
    broken.cancel = lambda request: None
    with pytest.raises(AssertionError):
        suite.test_cancel_ends_it_and_may_be_repeated(broken)
    broken = scripted()
    broken.states = [RequestStatus("expired")]
    with pytest.raises(AssertionError):
        suite.test_status_tells_how_far_it_is(broken)
    broken = scripted()
    broken.request = lambda: ""
    with pytest.raises(AssertionError):
        suite.test_a_request_has_an_id(broken)
    broken = scripted()
    broken.reading = tmp_path
    with pytest.raises(pytest.fail.Exception):
        suite.test_nothing_is_read_before(broken)
    broken = scripted()
    broken.before = lambda call: (_ for _ in ()).throw(Unavailable("away"))
    with pytest.raises(Unavailable):
        suite.test_download_writes_a_private_file(broken, tmp_path)
