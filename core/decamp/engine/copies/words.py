"""What a person is told about a copy that was asked for."""

from __future__ import annotations

from decamp.engine.clock import spoken
from decamp.errors import AuthError
from decamp.journal import RequestRecord

__all__ = [
    "ANEW",
    "asks_again",
    "before",
    "busy",
    "cancelled",
    "ended",
    "ended_at_once",
    "kept",
    "lost",
    "no_copy",
    "overdue",
    "pending",
    "refused",
]

ANEW = "Run the same command again: it asks for a new copy."
_SINGLE = "The permission was for a single copy"
_ALL_THE_SAME = "To ask all the same, knowing that {} may refuse: decamp resolve --request again"


def pending(request: RequestRecord, service: str, detail: str) -> str:
    """Say what is waited for."""
    called = "" if detail in ("", "pending") else f" {service} calls its state {detail!r}."
    return f"{service} is preparing the copy that was asked for on {spoken(request.asked)}.{called}"


def busy(service: str) -> str:
    """Say that another decamp does it."""
    return f"Another decamp is getting the same copy from {service}; this one uses it too."


def cancelled(request: RequestRecord) -> str:
    """Say that somebody gave it up meanwhile."""
    return f"The request of {spoken(request.asked)} was given up by decamp cancel."


def ended(request: RequestRecord, service: str, step: str) -> str:
    """Say that nothing comes of a request any more."""
    if step == "expired":
        until = f", which was ready until {spoken(request.until)}," if request.until else ""
        return (
            f"The copy of {spoken(request.asked)}{until} has expired at {service} before it was "
            "fetched."
        )
    return f"The request of {spoken(request.asked)} was cancelled at {service}."


def ended_at_once(service: str) -> str:
    """Say that a new request has ended too."""
    return f"{service} took the request, and then dropped it before there was a copy."


def asks_again(request: RequestRecord, service: str) -> str:
    """Say that a doubt costs nothing."""
    return (
        f"{service} may or may not have taken the request of {spoken(request.asked)}: its answer "
        "was lost. Your permission covers a new one, so decamp asks again."
    )


def before(request: RequestRecord, service: str) -> str:
    """Say that an earlier request may be the reason why a new one was refused."""
    return (
        f"The answer to the request of {spoken(request.asked)} was lost, so that one may be open at "
        f"{service}, and stand in the way of a new one."
    )


def kept(service: str) -> str:
    """Say why a copy stays on this computer."""
    return (
        f"decamp keeps the copy from {service} on this computer, because there is only this one "
        "and not all of it has arrived. The next run uses it; decamp cancel deletes it."
    )


def no_copy(service: str) -> str:
    """Say why there is no plan."""
    return (
        f"There is no copy of the data here yet, and this changes nothing: it does not ask "
        f"{service} for one."
    )


def overdue(request: RequestRecord, service: str, days: int) -> tuple[str, str]:
    """Say that it takes too long, and what can be done."""
    message = (
        f"{service} has been preparing the copy that was asked for on {spoken(request.asked)} for "
        f"more than {days} days, so decamp does not wait for it any longer."
    )
    costs = f" {_SINGLE}: it may then be used up." if request.single else ""
    hint = (
        f"Run the same command now and then: it looks whether the copy is ready. {service}'s "
        f"support knows the request as {request.id}. To give it up: decamp cancel.{costs}"
    )
    return message, hint


def lost(request: RequestRecord, service: str, connect: str) -> AuthError:
    """Make the error for an answer that was lost, where asking again is not harmless."""
    return AuthError(
        f"decamp asked {service} for the copy on {spoken(request.asked)}, and the answer was lost: "
        f"{service} may have taken the request or not. {_SINGLE}, so decamp does not ask again on "
        "a guess.",
        hint=f"Grant access again: {connect} - with the new permission decamp asks anew. If you "
        f"know the id that {service} gave the request: decamp resolve --request ID. "
        f"{_ALL_THE_SAME.format(service)}",
    )


def refused(request: RequestRecord, service: str, connect: str) -> AuthError:
    """Make the error for a permission that is used up, or may be."""
    if request.step == "asking":
        return lost(request, service, connect)
    again = f"For a new copy, grant access again: {connect}."
    if request.step in ("expired", "cancelled"):
        return AuthError(
            f"{ended(request, service, request.step)} {_SINGLE}, and {service} does not say "
            "whether it can be used once more.",
            hint=f"{again} {_ALL_THE_SAME.format(service)}",
        )
    return AuthError(
        f"{_SINGLE}, and that has been brought: it was asked for on {spoken(request.asked)}.",
        hint=f"{again} To bring the same data elsewhere too, name the place where it is now as "
        "the source.",
    )
