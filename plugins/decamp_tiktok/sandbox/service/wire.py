"""The shapes of TikTok's answers, and what faults make of them on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from email.utils import format_datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from decamp_tiktok.sandbox.service.clock import Clock
from decamp_tiktok.sandbox.service.faults import Endpoint, ServiceFault
from decamp_tiktok.sandbox.service.refusals import ApiRefusal, OAuthRefusal
from decamp_tiktok.sandbox.service.simulator import Call, Simulator

__all__ = ["Dated", "api_error", "api_success", "oauth_error", "through_faults"]

_OAUTH_STATUS = {"invalid_client": 401, "server_error": 500, "temporarily_unavailable": 503}
_OAUTH_ERRORS = {
    "rate_limit_exceeded": "temporarily_unavailable",
    "internal_error": "server_error",
}
_PROXY_PAGE = "<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>"

Handler = Callable[[Request], Awaitable[Response]]


def api_success(data: Mapping[str, Any] | None, log_id: str) -> Response:
    """Make the envelope of a call that went well; Cancel's has no ``data``."""
    error = {"code": "ok", "message": "", "log_id": log_id}
    return JSONResponse({"error": error} if data is None else {"data": data, "error": error})


def api_error(
    refusal: ApiRefusal, log_id: str, *, download: bool = False, retry_after: bool = False
) -> Response:
    """Make the envelope of a call that failed; Download's has one more key."""
    error: dict[str, Any] = {"code": refusal.code, "log_id": log_id, "message": refusal.message}
    if download:
        error["http_status_code"] = refusal.status
    headers = {}
    if retry_after and refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    return JSONResponse({"data": {}, "error": error}, refusal.status, headers)


def oauth_error(refusal: OAuthRefusal, log_id: str, *, always_200: bool = False) -> Response:
    """Make the flat error of Login Kit."""
    status = 200 if always_200 else _OAUTH_STATUS.get(refusal.error, 400)
    body = {
        "error": refusal.error,
        "error_description": refusal.description,
        "log_id": log_id,
    }
    return JSONResponse(body, status)


def through_faults(simulator: Simulator, endpoint: Endpoint, handler: Handler) -> Handler:
    """Let a handler meet the faults that are set for its endpoint."""

    async def handle(request: Request) -> Response:
        fault = simulator.faults.meet(endpoint)
        answer = await spoilt(request, fault)
        status = None if isinstance(answer, _Dropped) else answer.status_code
        now = simulator.clock.now()
        simulator.calls.append(Call(now, endpoint, status, fault.name if fault else ""))
        return answer

    async def spoilt(request: Request, fault: ServiceFault | None) -> Response:
        if fault is None:
            return await handler(request)
        await request.body()  # a connection that ends with a part unread takes its answers along
        if fault.name == "slow":
            await asyncio.sleep(fault.seconds)
            return await handler(request)
        if fault.name in ("500-done", "lost", "cut"):
            done = await handler(request)
            if fault.name == "cut":
                return _Cut(done)
            return _Dropped() if fault.name == "lost" else _failure(simulator, endpoint, fault)
        return _Dropped() if fault.name == "dropped" else _failure(simulator, endpoint, fault)

    return handle


def _failure(simulator: Simulator, endpoint: Endpoint, fault: ServiceFault) -> Response:
    log_id = simulator.mint.log_id()
    oauth = endpoint in ("token", "refresh", "revoke")
    if fault.name == "html":
        return HTMLResponse(_PROXY_PAGE, 502)
    if fault.name == "429":
        refusal = simulator.too_many(1)
    else:
        refusal = ApiRefusal("internal_error", "Something went wrong.", status=500)
    if fault.name == "unknown-code":
        refusal = ApiRefusal("something_new", "This is a code that no page lists.")
    if fault.name == "json":
        refusal.status = 200
    if oauth:
        error = _OAUTH_ERRORS.get(refusal.code, refusal.code)
        answer = oauth_error(OAuthRefusal(error, refusal.message), log_id)
        answer.status_code = refusal.status
        return answer
    with_header = simulator.behaviour.retry_after == "seconds"
    return api_error(refusal, log_id, download=endpoint == "download", retry_after=with_header)


class Dated:
    """Gives every answer the date of the sandbox's clock (RFC 9110 section 6.6.1)."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and date what comes back."""

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self._clock.now(), usegmt=True).encode("ascii")
                message = {**message, "headers": [(b"date", date), *message["headers"]]}
            await send(message)

        await self._app(scope, receive, dated)


class _Dropped(Response):
    """The connection ends at once. Nothing is sent."""

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        scope["state"]["transport"].abort()
        while (await receive())["type"] != "http.disconnect":
            pass


class _Cut(Response):
    """Another answer that ends in the middle of its body."""

    def __init__(self, whole: Response) -> None:
        self._whole = whole
        super().__init__(status_code=whole.status_code)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        left: int | None = None

        async def half(message: Message) -> None:
            nonlocal left
            if message["type"] == "http.response.start":
                length = dict(message["headers"]).get(b"content-length", b"2048")
                left = int(length) // 2
                await send(message)
            elif left:
                body = message["body"][:left]
                left -= len(body)
                await send({"type": "http.response.body", "body": body, "more_body": True})
                if not left:
                    # What was sent is still on its way; an abort would take it back.
                    scope["state"]["transport"].close()

        await self._whole(scope, receive, half)
