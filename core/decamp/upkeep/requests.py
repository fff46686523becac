"""Requests for copies, as a person settles them: given up, or a lost answer decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from decamp.engine.blame import blamed
from decamp.engine.clock import spoken, stamp
from decamp.engine.copies.place import delete_copy
from decamp.errors import ConfigError
from decamp.journal import Journal, RequestRecord
from decamp.spec import Requests

__all__ = ["give_up", "request_json", "settle_request"]

AGAIN = "again"

ReadId = Callable[[str, str], str]
"""Reads an id that a person typed, for the source of this name; see `ExporterSpec.request_id`."""

_ANEW = {"open", "ready", "lost"}
"""What can be settled once more, if it is named by its number: the first word may be wrong."""


def request_json(request: RequestRecord) -> dict[str, Any]:
    """Describe a request, valid as an entry of ``runs.schema.json``."""
    return {
        "request": request.number,
        "source": request.title,
        "state": request.step,
        "asked": request.asked,
        "single": request.single,
    } | {name: value for name, value in (("id", request.id), ("until", request.until)) if value}


def give_up(
    journal: Journal, request: RequestRecord, exporter: Requests | None, folder: Path
) -> None:
    """Cancel a request at the service, or delete the copy that came of it.

    Args:
        exporter: Asks the service; not needed for a copy that was downloaded.
        folder: Where downloaded copies lie.

    Raises:
        ConfigError: Its id is not known.
        TransferError: The service does not do it.
    """
    if request.step == "asking":
        raise ConfigError(
            f"The answer to the request of {spoken(request.asked)} was lost, so decamp does not "
            "know its id and cannot cancel it.",
            hint="If you know the id: decamp resolve --request ID, then decamp cancel. To ask "
            "anew: decamp resolve --request again.",
        )
    if request.step != "here":
        assert exporter is not None
        with blamed(request.source):
            exporter.cancel(request.id)
    delete_copy(folder, request)
    journal.set_request(request.number, "cancelled", stamp())


def settle_request(
    journal: Journal, decision: str, read_id: ReadId
) -> tuple[RequestRecord, RequestRecord]:
    """Take a person's word for what became of a request.

    Args:
        decision: The id that the service gave a request whose answer was lost; or ``again``: it
            may be asked for once more. ``N=`` before it names the request, which then may also
            be one that was settled already.
        read_id: Refuses what cannot be an id.

    Returns:
        The request as it was, and as it is now.

    Raises:
        ConfigError: No request, or more than one, can be meant; or it is no id.
    """
    number, equals, word = decision.rpartition("=")
    known = journal.requests()
    doubtful = [one for one in known if one.step == "asking"]
    if word == AGAIN:
        ended = {"expired", "cancelled"}
        doubtful += [one for one in known if one.single and one.step in ended]
    anew = [one for one in known if one.step in _ANEW]
    if equals:
        doubtful = [one for one in doubtful + anew if str(one.number) == number]
    request = _only(doubtful, word, anew)
    if word == AGAIN:
        journal.set_request(request.number, "lost", stamp())
    else:
        journal.answer_request(request.number, read_id(request.source, word), stamp())
    return request, next(one for one in journal.requests() if one.number == request.number)


def _only(
    requests: Sequence[RequestRecord], word: str, anew: Sequence[RequestRecord]
) -> RequestRecord:
    if not requests or not word:
        hint = "See what is open: decamp status"
        if word and anew:
            hint += (
                f". To settle one anew, name it: decamp resolve --request {anew[-1].number}={word}"
            )
        raise ConfigError("No request is in doubt.", hint=hint)
    if len({(one.source, one.account) for one in requests}) > 1:
        listed = ", ".join(f"{one.number} (of {spoken(one.asked)})" for one in requests)
        raise ConfigError(
            f"Several requests can be meant: {listed}.",
            hint=f"Name one: decamp resolve --request {requests[0].number}={word}",
        )
    return requests[-1]
