"""The sandbox's own page and addresses: what goes on, the clock, and what is to go wrong.

All of them take forms, so that a person's buttons and a program's requests are one thing:
``curl -d seconds=345600 http://127.0.0.1:8640/sandbox/clock``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from decamp_tiktok.sandbox.service.faults import ServiceFault
from decamp_tiktok.sandbox.service.pages import Pages, page
from decamp_tiktok.sandbox.service.simulator import Simulator

__all__ = ["admin_routes"]

Form = Mapping[str, str]


def admin_routes(simulator: Simulator) -> list[Route]:
    """Make the routes of ``/`` and of all below ``/sandbox/``."""
    pages = Pages()

    async def overview(_request: Request) -> Response:
        with simulator.lock:
            return page(pages.overview(simulator))

    def clock(form: Form) -> None:
        simulator.clock.advance(timedelta(seconds=float(form.get("seconds", ""))))

    def disconnect(form: Form) -> None:
        simulator.disconnect(simulator.user(form.get("user", "")), int(form.get("reason", "1")))

    def faults(form: Form) -> None:
        if form.get("fault"):
            simulator.faults.set(ServiceFault.parse(form["fault"]))
        else:
            simulator.faults.clear()

    def switches(form: Form) -> None:
        simulator.behave(**form)

    def webhook(form: Form) -> None:
        simulator.webhooks.register(simulator.app(form.get("app", "")), form.get("address", ""))

    def post(name: str, change: Callable[[Form], None]) -> Route:
        return Route(f"/sandbox/{name}", _form_taker(change), methods=["POST"])

    async def archive(request: Request) -> Response:
        try:
            user = simulator.user(request.query_params.get("user", ""))
        except ValueError as error:
            return PlainTextResponse(f"{error}.\n", 404)
        file = tempfile.NamedTemporaryFile(suffix=".zip", delete=False)  # noqa: SIM115
        file.close()
        path, at = Path(file.name), simulator.clock.now()
        await run_in_threadpool(simulator.copies.write, user, path, at)
        name = f"TikTok_Data_{int(at.timestamp())}.zip"
        return FileResponse(path, filename=name, background=BackgroundTask(path.unlink))

    return [
        Route("/", overview, methods=["GET"]),
        Route("/sandbox/archive", archive, methods=["GET"]),
        post("clock", clock),
        post("disconnect", disconnect),
        post("faults", faults),
        post("switches", switches),
        post("webhook", webhook),
    ]


def _form_taker(change: Callable[[Form], None]) -> Callable[[Request], object]:
    async def handle(request: Request) -> Response:
        # Another page in the same browser may not press our buttons.
        if request.headers.get("origin", "") not in ("", str(request.base_url).rstrip("/")):
            return PlainTextResponse("This came from another page.\n", 403)
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        try:
            await run_in_threadpool(change, form)
        except (ValueError, OverflowError) as error:
            return PlainTextResponse(f"That cannot be done: {error}.\n", 400)
        if "text/html" in request.headers.get("accept", ""):
            return RedirectResponse("/", 303)
        return Response(status_code=204)

    return handle
