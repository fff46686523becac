"""What nobody knows about TikTok: one switch for each question, with every plausible answer.

A client that is to be trusted passes with each of them. The first answer is the default.
Names of switches and answers are for the command line, too: ``-o outside_region=empty``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import attrs
from attrs import field, frozen

__all__ = ["Behaviour", "Switch", "switches"]


def _listed(_behaviour: Behaviour, attribute: attrs.Attribute[Any], value: Any) -> None:
    answers = next(switch.answers for switch in switches() if switch.name == attribute.name)
    if value not in answers:
        raise ValueError(f"{attribute.name} is one of {', '.join(answers)}; not {value!r}")


def _switch(default: str) -> Any:
    return field(default=default, validator=_listed)


@frozen(kw_only=True)
class Behaviour:
    """How this TikTok behaves where the real one is not documented."""

    # --- Login Kit -----------------------------------------------------------------------

    unapproved_scope: Annotated[
        Literal["page", "redirect"],
        "A scope that the app is not approved for: the error page, or a redirect with invalid_scope",
    ] = _switch("page")

    web_pkce: Annotated[
        Literal["ignored", "checked", "refused"],
        "PKCE of a web app: ignored, checked as for desktop, or an error page",
    ] = _switch("ignored")

    oauth_status: Annotated[
        Literal["rfc", "200"],
        "HTTP status of errors of the token endpoint: as in RFC 6749, or 200",
    ] = _switch("rfc")

    refresh_rotation: Annotated[
        Literal["once", "rotates", "kept"],
        "The refresh token: a new one and the old one dead, a new one and both good, or the same",
    ] = _switch("once")

    lifetimes: Annotated[
        Literal["long", "short"],
        "Access and refresh token live for 24 hours and 365 days, or for 2 hours and 180 days",
    ] = _switch("long")

    ongoing_lifetime: Annotated[
        Literal["refresh-token", "90-days"],
        "An ongoing grant ends with its refresh token, or earlier by itself",
    ] = _switch("refresh-token")

    # --- Asking for a copy ---------------------------------------------------------------

    outside_region: Annotated[
        Literal["refused", "unknown-code", "empty", "never-ready", "no-consent"],
        "A person outside of the EEA and the UK: add answers scope_not_authorized or a code that "
        "no page lists, the archive is empty, the request stays pending, or consent is refused",
    ] = _switch("refused")

    used_scope: Annotated[
        Literal[
            "scope_not_authorized", "scope_permission_missed", "invalid_params", "unknown-code"
        ],
        "The error once a single scope is used up",
    ] = _switch("scope_not_authorized")

    single_returned: Annotated[
        Literal["never", "when-cancelled", "when-cancelled-or-expired"],
        "When a single scope that was used up can be used again",
    ] = _switch("never")

    mixed_terms: Annotated[
        Literal["single-first", "ongoing-first"],
        "Which scope a request goes by if the same type is granted for both terms",
    ] = _switch("single-first")

    second_request: Annotated[
        Literal["invalid_params", "unknown-code", "same-request", "allowed"],
        "Add while a request is pending: refused, answered with the open one, or allowed",
    ] = _switch("invalid_params")

    user_quota: Annotated[
        Literal["none", "3-a-day"],
        "A quota of requests for each person, beside the documented limit for each app",
    ] = _switch("none")

    retry_after: Annotated[
        Literal["absent", "seconds"], "The header Retry-After of answers with 429"
    ] = _switch("absent")

    # --- Waiting for it, fetching it -----------------------------------------------------

    collection: Annotated[
        Literal["succeeds", "never-ends", "failed"],
        "Requests become ready, stay pending for ever, or get a status that no page lists",
    ] = _switch("succeeds")

    category_echo: Annotated[
        Literal["plural", "singular"],
        "How check spells direct_message: as in the page's example, or as it was asked for",
    ] = _switch("plural")

    early_download: Annotated[
        Literal["invalid_params", "unknown-code"], "The error of a download before it is ready"
    ] = _switch("invalid_params")

    late_download: Annotated[
        Literal["invalid_params", "unknown-code"],
        "The error of a download after it expired or was cancelled",
    ] = _switch("invalid_params")

    second_download: Annotated[
        Literal["allowed", "invalid_params", "unknown-code"],
        "Downloading a copy once more: allowed, or refused",
    ] = _switch("allowed")

    download_type: Annotated[
        Literal["application/zip", "application/octet-stream", "absent"],
        "The header Content-Type of a download",
    ] = _switch("application/zip")

    download_length: Annotated[Literal["sent", "chunked"], "Whether a download says its length"] = (
        _switch("sent")
    )

    download_ranges: Annotated[
        Literal["ignored", "honoured"], "Whether a download honours the header Range"
    ] = _switch("ignored")

    late_cancel: Annotated[
        Literal["ok", "invalid_params"], "Cancelling a request that has ended already"
    ] = _switch("ok")

    # --- Webhooks ------------------------------------------------------------------------

    ready_event_user: Annotated[
        Literal["absent", "present"], "Whether portability.download.ready has user_openid"
    ] = _switch("absent")

    signature_header: Annotated[
        Literal["TikTok-Signature", "Tiktok-Signature"], "How the signature's header is spelt"
    ] = _switch("TikTok-Signature")

    @property
    def access_lifetime(self) -> timedelta:
        """How long access tokens live."""
        return timedelta(hours=24 if self.lifetimes == "long" else 2)

    @property
    def refresh_lifetime(self) -> timedelta:
        """How long refresh tokens live, counted from the consent."""
        return timedelta(days=365 if self.lifetimes == "long" else 180)

    def changed(self, values: Mapping[str, str]) -> Behaviour:
        """Give it with some switches set otherwise.

        Raises:
            ValueError: There is no such switch, or no such answer; the text says which exist.
        """
        known = [switch.name for switch in switches()]
        for name in values:
            if name not in known:
                raise ValueError(f"there is no switch {name}; there are: {', '.join(known)}")
        answers: dict[str, Any] = dict(values)
        return attrs.evolve(self, **answers)


@frozen
class Switch:
    """One question, and the answers that it may have."""

    name: str
    answers: tuple[str, ...]
    question: str


def switches() -> tuple[Switch, ...]:
    """List all switches, in order of declaration."""
    return tuple(_read(get_type_hints(Behaviour, include_extras=True).items()))


def _read(hints: Iterable[tuple[str, Any]]) -> Iterable[Switch]:
    for name, hint in hints:
        if get_origin(hint) is Annotated:
            answers, question = get_args(hint)
            yield Switch(name, get_args(answers), question)
