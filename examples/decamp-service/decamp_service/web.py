"""The pages, the way to TikTok and back, and the address that TikTok's webhooks come to.

Nothing here takes long: the worker moves the data.
"""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment, FileSystemLoader
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from decamp.errors import TransferError
from decamp_service.house import House

COOKIE = "session"
MAX_BODY = 64 << 10
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self' https: http://127.0.0.1:*; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",  # the address of the callback holds a code
}
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True
)


def make_app(house: House) -> Starlette:
    pages = _Pages(house)
    routes = [
        Route("/", pages.show),
        Route("/callback", pages.callback),
        Route("/webhook", pages.webhook, methods=["POST"]),
    ]
    actions = ("enter", "leave", "connect", "again", "disconnect", "close")
    buttons = [Route(f"/{name}", pages.action(name), methods=["POST"]) for name in actions]
    return Starlette(routes=[*routes, *buttons])


class _Pages:
    def __init__(self, house: House) -> None:
        self.house = house

    def show(self, request: Request, problem: str = "") -> Response:
        person = self._person(request)
        copy = self.house.copies.of(person) if person else None
        page = _TEMPLATES.get_template("page.html").render(
            person=person, copy=copy, problem=problem
        )
        return HTMLResponse(page, 400 if problem else 200, _HEADERS)

    def callback(self, request: Request) -> Response:
        """TikTok sends the browser back: for good, or because nothing was granted."""
        person, cookie = self._person(request), request.cookies.get(COOKIE, "")
        if not person:
            return self.show(request, "This browser did not begin a sign-in.")
        try:
            self.house.complete(person, cookie, str(request.url))
        except TransferError as error:
            return self.show(request, f"{error.message} {error.hint}")
        return RedirectResponse("/", 303, _HEADERS)

    async def webhook(self, request: Request) -> Response:
        try:
            body = await _body(request)  # too much is refused by its length
        except ClientDisconnect:
            return Response(status_code=400)
        answer = await run_in_threadpool(self.house.receiver.receive, request.headers, body)
        return Response(status_code=answer.status)

    def action(self, name: str) -> Callable[[Request], object]:
        """Give the endpoint of a button."""

        async def endpoint(request: Request) -> Response:
            # A page of somebody else must not press our buttons.
            origin = urlsplit(request.headers.get("origin", ""))
            if f"{origin.scheme}://{origin.netloc}" != self.house.settings.url:
                return Response(status_code=403)
            form = parse_qs((await _body(request)).decode("utf-8", "replace"))
            return await run_in_threadpool(self._do, name, request, form)

        return endpoint

    def _do(self, name: str, request: Request, form: dict[str, list[str]]) -> Response:
        house, cookie = self.house, request.cookies.get(COOKIE, "")
        back = RedirectResponse("/", 303, _HEADERS)
        if name == "enter":
            person = form.get("person", [""])[0]
            if not re.fullmatch(r"[a-z0-9]{1,40}", person):
                return self.show(request, "A name has small letters and digits only.")
            secure = house.settings.url.startswith("https:")
            back.set_cookie(
                COOKIE, house.people.enter(person), httponly=True, samesite="lax", secure=secure
            )
            return back
        person = self._person(request)
        if person is None:
            return back
        try:
            if name == "connect":
                return RedirectResponse(house.begin(person, cookie), 303, _HEADERS)
            if name == "again":
                house.copies.again(person)
            elif name == "disconnect":
                house.disconnect(person)
            elif name == "close":
                house.close(person)
        except TransferError as error:
            return self.show(request, f"{error.message} {error.hint}")
        if name in ("leave", "close"):
            house.people.leave(cookie)
            back.delete_cookie(COOKIE)
        return back

    def _person(self, request: Request) -> str | None:
        return self.house.people.who(request.cookies.get(COOKIE, ""))


async def _body(request: Request) -> bytes:
    """Read a body, and not much more than the most that anything here may send."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            break
    return bytes(body)
