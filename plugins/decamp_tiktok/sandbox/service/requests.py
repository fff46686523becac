"""The four endpoints of the Data Portability API, without their HTTP.

Source: TikTok's pages "Add data request", "Check status of data request", "Download" and
"Cancel data request".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from attrs import define

from decamp_tiktok.sandbox.service.behaviour import Behaviour
from decamp_tiktok.sandbox.service.clock import Clock
from decamp_tiktok.sandbox.service.grants import Grant
from decamp_tiktok.sandbox.service.mint import Mint
from decamp_tiktok.sandbox.service.refusals import ApiRefusal
from decamp_tiktok.sandbox.service.scopes import CATEGORIES, covering, is_single

__all__ = ["WINDOW", "DataRequest", "RequestDesk", "Status"]

WINDOW = timedelta(days=4)
"""How long a copy that is ready can be downloaded."""

Status = Literal["pending", "downloading", "expired", "cancelled", "failed"]
"""TikTok's words; ``failed`` is none of them, see `Behaviour.collection`."""

_FIELDS = (
    "request_id", "apply_time", "collect_time", "status", "data_format", "category_selection_list",
)  # fmt: skip
_QUOTA = 3


@define(eq=False)
class DataRequest:
    """A copy that was asked for."""

    id: int
    grant: Grant
    asked_at: datetime
    ready_at: datetime | None
    """None if never."""

    data_format: str
    categories: tuple[str, ...]
    used: tuple[str, ...] = ()
    """The single scopes that it used up."""

    fails: bool = False
    cancelled: bool = False
    downloads: int = 0
    returned: bool = False
    """Whether it gave back what it used up; see `Behaviour.single_returned`."""

    def status(self, now: datetime) -> Status:
        """Tell how far it is."""
        if self.cancelled:
            return "cancelled"
        if self.ready_at is None or now < self.ready_at:
            return "pending"
        if self.fails:
            return "failed"
        return "downloading" if now < self.ready_at + WINDOW else "expired"


class RequestDesk:
    """Takes requests and tells how far they are."""

    def __init__(
        self,
        behaviour: Behaviour,
        clock: Clock,
        mint: Mint,
        delay: timedelta,
        asked: Callable[[DataRequest], None],
    ) -> None:
        self.behaviour = behaviour
        self.delay = delay
        self.requests: dict[int, DataRequest] = {}
        """All requests, in order."""

        self._clock = clock
        self._mint = mint
        self._asked = asked

    def add(self, grant: Grant, fields: str | None, body: Mapping[str, Any]) -> dict[str, Any]:
        """Take a request.

        Raises:
            ApiRefusal: It is not allowed, or something in it is wrong.
        """
        asked = _fields(fields, ("request_id",))
        data_format, categories = body.get("data_format"), body.get("category_selection_list")
        if data_format not in ("json", "text"):
            raise _invalid("data_format is neither json nor text")
        if (
            not isinstance(categories, list)
            or not categories
            or any(one not in CATEGORIES for one in map(str, categories))
        ):
            raise _invalid("category_selection_list is not a list of known categories")
        request = self._open_request(grant)
        if request is None:
            request = self._new_request(grant, data_format, tuple(dict.fromkeys(categories)))
        return _only({"request_id": request.id}, asked)

    def check(self, grant: Grant, fields: str | None, body: Mapping[str, Any]) -> dict[str, Any]:
        """Tell how far a request is.

        Raises:
            ApiRefusal: There is no such request of this person and app.
        """
        asked = _fields(fields, _FIELDS)
        request = self.find(grant, body)
        collected = request.asked_at + min(timedelta(seconds=1), self.delay)
        plural = self.behaviour.category_echo == "plural"
        answer = {
            "request_id": request.id,
            "apply_time": int(request.asked_at.timestamp()),
            "collect_time": int(collected.timestamp()),
            "status": request.status(self._clock.now()),
            "data_format": request.data_format,
            "category_selection_list": [
                "direct_messages" if plural and one == "direct_message" else one
                for one in request.categories
            ],
        }
        return _only(answer, asked)

    def download(self, grant: Grant, body: Mapping[str, Any]) -> DataRequest:
        """Give the request whose copy may be downloaded now.

        Raises:
            ApiRefusal: It is not ready, or not any more.
        """
        request = self.find(grant, body)
        status = request.status(self._clock.now())
        if status in ("pending", "failed"):
            raise _unlisted(self.behaviour.early_download, "data_not_ready", "It is not ready.")
        if status != "downloading":
            raise _unlisted(self.behaviour.late_download, "data_expired", "wrong request_id")
        if request.downloads and self.behaviour.second_download != "allowed":
            raise _unlisted(
                self.behaviour.second_download, "data_already_downloaded", "It was downloaded."
            )
        return request

    def cancel(self, grant: Grant, body: Mapping[str, Any]) -> None:
        """Give up a request.

        Raises:
            ApiRefusal: There is no such request of this person and app.
        """
        request = self.find(grant, body)
        if request.status(self._clock.now()) in ("pending", "downloading"):
            request.cancelled = True
        elif self.behaviour.late_cancel != "ok":
            raise _invalid("the request has ended already")

    def find(self, grant: Grant, body: Mapping[str, Any]) -> DataRequest:
        """Find a request of this person and app by the id in a body."""
        self.settle()
        number = body.get("request_id")
        request = self.requests.get(number) if type(number) is int else None
        if request is None or not _same(request.grant, grant):
            raise _invalid("wrong request_id")
        return request

    def settle(self) -> None:
        """Give back single scopes, where requests that ended without a copy do so."""
        how = self.behaviour.single_returned
        for request in self.requests.values():
            status = request.status(self._clock.now())
            lost = status == "cancelled" or (
                status == "expired" and not request.downloads and how != "when-cancelled"
            )
            if lost and how != "never" and not request.returned:
                request.returned = True
                request.grant.used.difference_update(request.used)

    def _open_request(self, grant: Grant) -> DataRequest | None:
        """Find the one that stands in the way of another; an answer if that is the same one."""
        self.settle()
        now = self._clock.now()
        how = self.behaviour.second_request
        for request in self.requests.values():
            if (
                _same(request.grant, grant)
                and request.status(now) == "pending"
                and how != "allowed"
            ):
                if how == "same-request":
                    return request
                raise _unlisted(how, "data_request_in_progress", "A request is pending already.")
        return None

    def _new_request(
        self, grant: Grant, data_format: str, categories: tuple[str, ...]
    ) -> DataRequest:
        now, behaviour = self._clock.now(), self.behaviour
        first = behaviour.mixed_terms == "single-first"
        scopes = covering(categories, grant.scopes(now), single_first=first)
        if scopes is None:
            raise self._not_covered(grant, categories)
        outside = not grant.user.in_region
        if outside and behaviour.outside_region == "refused":
            raise _unauthorized()
        if outside and behaviour.outside_region == "unknown-code":
            raise ApiRefusal("user_region_not_supported", "This region is not served.", status=403)
        self._within_quota(grant, now)
        never = behaviour.collection == "never-ends" or (
            outside and behaviour.outside_region == "never-ready"
        )
        request = DataRequest(
            self._mint.request_id(),
            grant,
            now,
            None if never else now + self.delay,
            data_format,
            categories,
            used=grant.use(scopes),
            fails=behaviour.collection == "failed",
        )
        self.requests[request.id] = request
        self._asked(request)
        return request

    def _not_covered(self, grant: Grant, categories: tuple[str, ...]) -> ApiRefusal:
        used_up = covering(categories, grant.granted, single_first=True)
        how = self.behaviour.used_scope
        if not used_up or not any(map(is_single, used_up)):
            return _unauthorized()
        if how == "scope_permission_missed":
            return ApiRefusal(how, "Please request additional scopes from the user.")
        if how != "scope_not_authorized":
            return _unlisted(how, "data_request_limit_exceeded", "The scope was used already.")
        return _unauthorized()

    def _within_quota(self, grant: Grant, now: datetime) -> None:
        if self.behaviour.user_quota == "none":
            return
        today = [
            request
            for request in self.requests.values()
            if _same(request.grant, grant) and now - request.asked_at < timedelta(days=1)
        ]
        if len(today) >= _QUOTA:
            left = timedelta(days=1) - (now - today[-_QUOTA].asked_at)
            raise ApiRefusal(
                "rate_limit_exceeded",
                "The quota of this person is used up.",
                status=429,
                retry_after=int(left.total_seconds()) + 1,
            )


def _same(one: Grant, other: Grant) -> bool:
    return one.app is other.app and one.user is other.user


def _fields(text: str | None, known: tuple[str, ...]) -> tuple[str, ...]:
    asked = tuple((text or "").split(","))
    if not all(one in known for one in asked):
        raise _invalid("fields is missing, or names a field that is not there")
    return asked


def _only(answer: Mapping[str, Any], asked: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name in asked}


def _invalid(message: str) -> ApiRefusal:
    return ApiRefusal("invalid_params", message)


def _unauthorized() -> ApiRefusal:
    return ApiRefusal(
        "scope_not_authorized",
        "The user did not authorize the scope required for completing this request.",
        status=401,
    )


def _unlisted(answer: str, code: str, message: str) -> ApiRefusal:
    """Refuse with the documented code, or with one that no page lists."""
    return _invalid(message) if answer == "invalid_params" else ApiRefusal(code, message)
