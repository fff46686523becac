"""What goes wrong on the way between a client and the sandbox, by name, on chosen calls."""

from __future__ import annotations

import re
import threading
from collections import Counter
from typing import Literal, get_args

from attrs import define, field, frozen, validators

__all__ = ["ENDPOINTS", "Endpoint", "FaultName", "Faults", "ServiceFault"]

Endpoint = Literal["token", "refresh", "revoke", "add", "check", "download", "cancel"]
"""``token`` is the exchange of a code; ``refresh`` is the same address with the other grant."""

ENDPOINTS: tuple[Endpoint, ...] = get_args(Endpoint)

FaultName = Literal[
    "429",  # rate_limit_exceeded; nothing happened
    "500",  # internal_error; nothing happened
    "unknown-code",  # 400 with a code that no page lists; nothing happened
    "500-done",  # internal_error, although it happened
    "dropped",  # the connection ends without an answer; nothing happened
    "lost",  # it happened, and the connection ends without an answer
    "cut",  # half of the body, and the connection ends
    "json",  # status 200 with an error as JSON, whatever was asked for
    "html",  # status 502 with a page, as a proxy in between would answer
    "slow",  # the answer comes late
]

_TEXT = re.compile(r"(?P<endpoint>\w+):(?P<name>[\w-]+)(?:@(?P<first>\d+)(?:-(?P<last>\d*))?)?")


@frozen
class ServiceFault:
    """One thing that goes wrong with some calls of an endpoint."""

    endpoint: Endpoint = field(validator=validators.in_(ENDPOINTS))
    name: FaultName = field(validator=validators.in_(get_args(FaultName)))
    first: int = field(default=1, validator=validators.ge(1))
    """The first call that it meets; 1 is the next one after the fault was set."""

    last: int | None = None
    """The last one; None for all that follow."""

    seconds: float = field(default=2.0, validator=validators.ge(0))
    """For ``slow``: how long by the computer's clock."""

    @classmethod
    def parse(cls, text: str) -> ServiceFault:
        """Read ``ENDPOINT:NAME``, ``ENDPOINT:NAME@N``, ``...@N-M`` or ``...@N-``.

        Raises:
            ValueError: It is none of these; the text says what exists.
        """
        found = _TEXT.fullmatch(text.strip())
        if not found:
            raise ValueError(f"{text!r} is not like add:lost, check:429@2 or check:500@1-3")
        if found["endpoint"] not in ENDPOINTS:
            raise ValueError(f"there is no endpoint {found['endpoint']}; {_known(ENDPOINTS)}")
        if found["name"] not in get_args(FaultName):
            raise ValueError(f"there is no fault {found['name']}; {_known(get_args(FaultName))}")
        first = int(found["first"] or 1)
        last = first if found["last"] is None else int(found["last"]) if found["last"] else None
        if first < 1 or (last is not None and last < first):
            raise ValueError(f"{text!r} names no call; the first one is 1")
        return cls(found["endpoint"], found["name"], first, last)  # type: ignore[arg-type]

    def __str__(self) -> str:
        calls = f"{self.first}" if self.first == self.last else f"{self.first}-{self.last or ''}"
        return f"{self.endpoint}:{self.name}@{calls}"


def _known(names: tuple[str, ...]) -> str:
    return f"there are: {', '.join(names)}"


@define
class _Set:
    fault: ServiceFault
    before: int
    """How many calls of the endpoint had come when it was set."""


class Faults:
    """The faults that are set. Counts the calls. Safe from several threads."""

    def __init__(self) -> None:
        self._set: list[_Set] = []
        self._calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def calls(self) -> dict[str, int]:
        """How many calls each endpoint has had."""
        with self._lock:
            return dict(self._calls)

    def set(self, fault: ServiceFault) -> None:
        """Let calls go wrong from now on."""
        with self._lock:
            self._set.append(_Set(fault, self._calls[fault.endpoint]))

    def clear(self) -> None:
        """Let everything go well from now on."""
        with self._lock:
            self._set.clear()

    def active(self) -> tuple[ServiceFault, ...]:
        """List the faults that may still meet a call."""
        with self._lock:
            return tuple(one.fault for one in self._set if not self._over(one))

    def meet(self, endpoint: Endpoint) -> ServiceFault | None:
        """Count a call, and give what goes wrong with it: what was set last comes first."""
        with self._lock:
            self._calls[endpoint] += 1
            for one in reversed(self._set):
                if one.fault.endpoint != endpoint:
                    continue
                number = self._calls[endpoint] - one.before
                last = one.fault.last
                if one.fault.first <= number and (last is None or number <= last):
                    return one.fault
        return None

    def _over(self, one: _Set) -> bool:
        last = one.fault.last
        return last is not None and self._calls[one.fault.endpoint] - one.before >= last
