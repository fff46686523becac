"""TikTok's Data Portability API by its documented bodies, and a source that is signed in to it.

It keeps what it was asked in this process, so that a child can be killed and run again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from attrs import define, evolve, field

from decamp import Context, Exporter, ExporterSpec, Grant, hookimpl
from decamp.testing.fakes import NoConfig
from decamp_tiktok.api.exporter import ApiExporter
from decamp_tiktok.config import Config
from faulty_http import Answer, Headers, Server, serving

CONSENT = datetime(2026, 11, 24, 8, tzinfo=UTC)


@define
class ApiService:
    """One account, one app, one permission."""

    copies: list[Path]
    """The zip of each request; the last one for all others."""
    single: bool = True
    pending: int = 0
    """How often each request says that it is pending."""
    used: bool = False
    calls: list[str] = field(factory=list)
    asked: int = 0
    checks: dict[int, int] = field(factory=dict)
    ended: dict[int, str] = field(factory=dict)
    faults: dict[str, list[Answer]] = field(factory=dict)
    """What a call is answered instead, once each; its effect has happened."""
    server: Server = field(init=False)
    consent: datetime = CONSENT

    def reset(self) -> None:
        """Forget everything: another account."""
        self.used, self.asked = False, 0
        for kept in (self.calls, self.checks, self.ended, self.faults):
            kept.clear()

    def consent_again(self) -> None:
        """Grant the permission once more."""
        self.used = False
        self.consent = self.consent.replace(hour=self.consent.hour + 1)

    @contextmanager
    def running(self) -> Iterator[ApiService]:
        """Run it on loopback."""
        calls = ("add", "check", "download", "cancel")
        with serving({f"/v2/user/data/{call}/": self._route(call) for call in calls}) as server:
            self.server = server
            yield self

    def _route(self, call: str) -> Any:
        def answer(headers: Headers) -> Answer:
            self.calls.append(call)
            done: Answer = getattr(self, f"_{call}")(json.loads(self.server.bodies[-1]))
            faults = self.faults.get(call)
            return faults.pop(0) if faults else done

        return answer

    def _add(self, body: Mapping[str, Any]) -> Answer:
        if self.used:
            return _error(401, "scope_not_authorized", "The scope was used.")
        self.used = self.single
        self.asked += 1
        return _ok(request_id=7_000_000_000_000_000_000 + self.asked)

    def _check(self, body: Mapping[str, Any]) -> Answer:
        number = body["request_id"] - 7_000_000_000_000_000_000
        if not 1 <= number <= self.asked:
            return _error(400, "invalid_params", "wrong request_id")
        self.checks[number] = self.checks.get(number, 0) + 1
        ready = "downloading" if self.checks[number] > self.pending else "pending"
        return _ok(status=self.ended.get(number, ready), request_id=body["request_id"])

    def _download(self, body: Mapping[str, Any]) -> Answer:
        number = body["request_id"] - 7_000_000_000_000_000_000
        if not 1 <= number <= self.asked or number in self.ended:
            return _error(400, "invalid_params", "wrong request_id")
        return Answer(200, self.copies[min(number, len(self.copies)) - 1].read_bytes())

    def _cancel(self, body: Mapping[str, Any]) -> Answer:
        self.ended[body["request_id"] - 7_000_000_000_000_000_000] = "cancelled"
        return Answer(200, json.dumps({"error": {"code": "ok", "message": ""}}).encode())

    # --- as a plugin ---------------------------------------------------------------------

    @hookimpl
    def decamp_exporters(self) -> list[ExporterSpec[Any]]:
        """Declare a source that is signed in to this service; its data is TikTok's."""
        return [
            ExporterSpec(
                name="signed-in",
                title="TikTok",
                config=NoConfig,
                create=self.create,
                kinds=frozenset({"profile", "post", "conversation", "message", "event", "section"}),
            )
        ]

    @property
    def grant(self) -> Grant:
        scopes = frozenset({f"portability.all.{'single' if self.single else 'ongoing'}"})
        return Grant(account="open-1", asked=scopes, scopes=scopes, since=self.consent)

    def create(self, context: Context[Any]) -> Exporter:
        http = httpx.Client(
            headers={"Authorization": "Bearer act.canary"}, trust_env=False, timeout=120
        )
        config = Config(api=self.server.url(""))
        return ApiExporter(evolve(context, config=config, http=http, grant=self.grant))


def _ok(**data: Any) -> Answer:
    error = {"code": "ok", "message": "", "log_id": "L1"}
    return Answer(200, json.dumps({"data": data, "error": error}).encode())


def _error(status: int, code: str, message: str) -> Answer:
    error = {"code": code, "message": message, "log_id": "L1"}
    return Answer(status, json.dumps({"data": {}, "error": error}).encode())
