"""The sandbox's addresses: Login Kit, Data Portability, media, and its own pages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from decamp_tiktok.sandbox.service.download import Zip, medium
from decamp_tiktok.sandbox.service.pages import Pages, page
from decamp_tiktok.sandbox.service.refusals import ApiRefusal, Misconfigured, OAuthRefusal
from decamp_tiktok.sandbox.service.simulator import Simulator
from decamp_tiktok.sandbox.service.wire import (
    Dated,
    api_error,
    api_success,
    oauth_error,
    through_faults,
)
from decamp_tiktok.sandbox.store import MediaStore

__all__ = ["SESSION", "application"]

SESSION = "sandbox_user"
"""The cookie that says who is signed in to this TikTok."""

_MEDIA = ("/storage/v1/{path:path}", "/tos-no1a-i-photomode-no/{path:path}")  # as in links.Signer
_FORM = "application/x-www-form-urlencoded"


def application(simulator: Simulator, media: MediaStore, extra: list[Route]) -> Starlette:
    """Make the ASGI application.

    Args:
        extra: The sandbox's own routes, beside TikTok's.
    """
    login, api = _Login(simulator), _Api(simulator)

    async def token(request: Request) -> Response:
        renews = (await _form(request)).get("grant_type") == "refresh_token"
        name: Any = "refresh" if renews else "token"
        return await through_faults(simulator, name, login.token)(request)

    async def serve_medium(request: Request) -> Response:
        return medium(media, request)

    def post(path: str, name: Any, handler: Any) -> Route:
        return Route(path, through_faults(simulator, name, handler), methods=["POST"])

    return Starlette(
        routes=[
            Route("/v2/auth/authorize/", login.authorize, methods=["GET"]),
            Route("/v2/auth/authorize/", login.answer, methods=["POST"]),
            Route("/v2/oauth/token/", token, methods=["POST"]),
            post("/v2/oauth/revoke/", "revoke", login.revoke),
            post("/v2/user/data/add/", "add", api.add),
            post("/v2/user/data/check/", "check", api.check),
            post("/v2/user/data/download/", "download", api.download),
            post("/v2/user/data/cancel/", "cancel", api.cancel),
            *extra,
            *(Route(path, serve_medium, methods=["GET"]) for path in _MEDIA),
        ],
        middleware=[
            Middleware(Dated, simulator.clock),
            # Only names of loopback: another page in the same browser must not reach us by a
            # name of its own that leads here (DNS rebinding).
            Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"]),
        ],
    )


class _Login:
    """Login Kit."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._pages = Pages()

    async def authorize(self, request: Request) -> Response:
        pairs = request.query_params.multi_items()
        try:
            asked = self._simulator.ask(_once(pairs), _signed_in(request))
        except Misconfigured as mistake:
            log_id = self._simulator.mint.log_id()
            return page(self._pages.mistake(mistake, log_id), status=400)
        if isinstance(asked, str):
            return RedirectResponse(asked, 302)
        users = self._simulator.options.users
        return page(
            self._pages.consent(asked, users, _signed_in(request) or ""),
            leads_to=asked.question.redirect_uri,
        )

    async def answer(self, request: Request) -> Response:
        pairs = parse_qsl((await request.body()).decode("utf-8", "replace"))
        said = dict(pairs)
        ticked = [value for name, value in pairs if name == "scope"]
        names = [user.username for user in self._simulator.options.users]
        if said.get("user") not in names or said.get("decision") not in ("allow", "deny"):
            return page(self._pages.over(), status=400)
        allow = said["decision"] == "allow"
        where = self._simulator.answer(said.get("ticket", ""), said["user"], ticked, allow=allow)
        if where is None:
            return page(self._pages.over(), status=400)
        answer = RedirectResponse(where, 302)
        answer.set_cookie(SESSION, quote(said["user"]), httponly=True, samesite="lax")
        return answer

    async def token(self, request: Request) -> Response:
        try:
            _require_form(request)
            answer = self._simulator.token(await _form(request))
        except OAuthRefusal as refusal:
            return self._refused(refusal)
        return Response(
            json.dumps(answer),
            media_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    async def revoke(self, request: Request) -> Response:
        try:
            _require_form(request)
            self._simulator.revoke(await _form(request))
        except OAuthRefusal as refusal:
            return self._refused(refusal)
        return Response("{}", media_type="application/json")

    def _refused(self, refusal: OAuthRefusal) -> Response:
        always_200 = self._simulator.behaviour.oauth_status == "200"
        return oauth_error(refusal, self._simulator.mint.log_id(), always_200=always_200)


class _Api:
    """The four endpoints of the Data Portability API."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    async def add(self, request: Request) -> Response:
        try:
            fields = request.query_params.get("fields")
            data = self._simulator.add(_bearer(request), fields, await _json(request))
        except ApiRefusal as refusal:
            return self._refused(refusal)
        return api_success(data, self._simulator.mint.log_id())

    async def check(self, request: Request) -> Response:
        try:
            fields = request.query_params.get("fields")
            data = self._simulator.check(_bearer(request), fields, await _json(request))
        except ApiRefusal as refusal:
            return self._refused(refusal)
        return api_success(data, self._simulator.mint.log_id())

    async def cancel(self, request: Request) -> Response:
        try:
            self._simulator.cancel(_bearer(request), await _json(request))
        except ApiRefusal as refusal:
            return self._refused(refusal)
        return api_success(None, self._simulator.mint.log_id())

    async def download(self, request: Request) -> Response:
        try:
            body = await _json(request)
            path = await run_in_threadpool(self._simulator.download, _bearer(request), body)
        except ApiRefusal as refusal:
            return self._refused(refusal, download=True)
        return Zip(path, self._simulator.behaviour, request.headers.get("range"))

    def _refused(self, refusal: ApiRefusal, *, download: bool = False) -> Response:
        with_header = self._simulator.behaviour.retry_after == "seconds"
        return api_error(
            refusal, self._simulator.mint.log_id(), download=download, retry_after=with_header
        )


def _once(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Refuse what is there more than once (RFC 6749 section 3.1)."""
    values: dict[str, str] = {}
    for name, value in pairs:
        if name in values:
            raise Misconfigured(name, "It is there more than once.")
        values[name] = value
    return values


def _signed_in(request: Request) -> str | None:
    cookies = SimpleCookie(request.headers.get("cookie", ""))
    return unquote(cookies[SESSION].value) if SESSION in cookies else None


def _bearer(request: Request) -> str | None:
    return request.headers.get("authorization")


async def _form(request: Request) -> dict[str, str]:
    text = (await request.body()).decode("utf-8", "replace")
    return dict(parse_qsl(text, keep_blank_values=True))


def _require_form(request: Request) -> None:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise OAuthRefusal("invalid_request", f"The Content-Type is not {_FORM}.")


async def _json(request: Request) -> Mapping[str, Any]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiRefusal("invalid_params", "The Content-Type is not application/json.")
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise ApiRefusal("invalid_params", "The body is no JSON object.")
    return body
