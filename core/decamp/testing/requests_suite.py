"""What an exporter whose service makes copies has to keep, as tests that its author inherits."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any, get_args

import pytest

from decamp.errors import TransferError
from decamp.spec import Identifies, Requests, RequestState, RequestStatus

__all__ = ["RequestsSuite"]


class RequestsSuite:
    """Subclass it, and give the fixture `exporter`.

    It is signed in to a service, or to a simulator, that may be asked several times. Say in
    `make_ready` how a copy gets ready there, if it does not by itself.
    """

    @pytest.fixture
    def exporter(self) -> Any:
        """Give an exporter that implements `Requests`."""
        # Only a subclass can give it; its author reads this where it was forgotten.
        raise NotImplementedError("give the fixture 'exporter'")

    def make_ready(self, exporter: Requests, request: str) -> None:
        """Let the service finish a copy."""

    def fetched(self, exporter: Requests, folder: Path) -> Path:
        """Ask for a copy and fetch it."""
        request = exporter.request()
        self.make_ready(exporter, request)
        exporter.download(request, folder / "copy")
        return folder / "copy"

    def test_it_is_found_by_the_engine(self, exporter: Any) -> None:
        """The protocol is complete."""
        assert isinstance(exporter, Requests)

    def test_repeatable_is_yes_or_no(self, exporter: Requests) -> None:
        """It gives the same answer until something is asked for."""
        assert exporter.repeatable() is exporter.repeatable()
        assert isinstance(exporter.repeatable(), bool)

    def test_a_request_has_an_id(self, exporter: Requests) -> None:
        """It is text, and not empty."""
        request = exporter.request()
        assert isinstance(request, str) and request

    def test_status_tells_how_far_it_is(self, exporter: Requests) -> None:
        """A request is pending or ready, then ready."""
        request = exporter.request()
        first = exporter.status(request)
        assert isinstance(first, RequestStatus)
        assert first.state in ("pending", "ready")
        self.make_ready(exporter, request)
        ready = exporter.status(request)
        assert ready.state == "ready"
        assert ready.until is None or ready.until.tzinfo is not None

    def test_download_writes_a_private_file(self, exporter: Requests, tmp_path: Path) -> None:
        """Nobody else can read it."""
        file = self.fetched(exporter, tmp_path)
        assert file.stat().st_size
        if os.name != "nt":
            assert not stat.S_IMODE(file.stat().st_mode) & 0o077

    def test_the_file_is_what_is_read(self, exporter: Any, tmp_path: Path) -> None:
        """After `use` pages come, as often as they are asked for, also from a moved file."""
        file = self.fetched(exporter, tmp_path)
        moved = file.rename(tmp_path / "moved.copy")
        exporter.use(moved)
        first, again = (list(exporter.export_pages(None)) for _ in range(2))
        assert any(page.items or page.rows for page in first)
        assert len(first) == len(again)

    def test_nothing_is_read_before(self, exporter: Any) -> None:
        """Without a file there is an error of decamp's, not an empty source."""
        with pytest.raises(TransferError):
            list(exporter.export_pages(None))

    def test_the_account_is_known_before(self, exporter: Any, tmp_path: Path) -> None:
        """The copy may tell more of it, and nothing else."""
        if not isinstance(exporter, Identifies):
            pytest.skip("the exporter has no account()")
        before = exporter.account()
        source: Any = exporter
        source.use(self.fetched(source, tmp_path))
        after = exporter.account()
        assert (after.id, after.service) == (before.id, before.service)

    def test_cancel_ends_it_and_may_be_repeated(self, exporter: Requests) -> None:
        """One that has ended already is fine."""
        request = exporter.request()
        exporter.cancel(request)
        assert exporter.status(request).state == "cancelled"
        exporter.cancel(request)

    def test_states_are_those_of_the_contract(self, exporter: Requests) -> None:
        """The service's own word goes into `RequestStatus.detail`."""
        assert exporter.status(exporter.request()).state in get_args(RequestState)

    def test_an_unknown_id_is_an_error_of_ours(self, exporter: Requests, tmp_path: Path) -> None:
        """It may be from another computer, or of long ago."""
        with pytest.raises(TransferError):
            exporter.status("9007199254740993")
        with pytest.raises(TransferError):
            exporter.download("9007199254740993", tmp_path / "copy")
