"""A client of the sandbox that does exactly what a test says, and knows no rule."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from attrs import define, field

from decamp_tiktok.sandbox.service import App, SandboxServer

REDIRECT = "http://127.0.0.1:5123/callback/"
VERIFIER = "a-verifier-of-43-characters-and-a-few-more_~.5"
CHALLENGE = hashlib.sha256(VERIFIER.encode()).hexdigest()
ALL_ONCE = "portability.all.single"
ALL_ONGOING = "portability.all.ongoing"


def query_of(address: str) -> dict[str, str]:
    """Give what an address carries; nothing may be there twice."""
    found = parse_qs(urlsplit(address).query, keep_blank_values=True, strict_parsing=True)
    assert all(len(values) == 1 for values in found.values())
    return {name: values[0] for name, values in found.items()}


@define
class Client:
    """Talks to a sandbox over its real connections."""

    server: SandboxServer
    app: App = field(init=False)
    http: httpx.Client = field(init=False)
    token: str = ""

    def __attrs_post_init__(self) -> None:
        self.app = self.server.app
        self.http = httpx.Client(base_url=self.server.address, trust_env=False, timeout=60)

    # --- Login Kit -----------------------------------------------------------------------

    def authorize_query(self, scope: str = ALL_ONCE, **changes: str | None) -> dict[str, str]:
        """Give a complete query, with some parameters changed, or left out by None."""
        query: dict[str, str | None] = {
            "client_key": self.app.key,
            "scope": scope,
            "redirect_uri": REDIRECT,
            "state": "a state, & more",
            "response_type": "code",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        query |= changes
        return {name: value for name, value in query.items() if value is not None}

    def authorize(self, scope: str = ALL_ONCE, **changes: str | None) -> httpx.Response:
        """Open the consent page."""
        return self.http.get("/v2/auth/authorize/", params=self.authorize_query(scope, **changes))

    def consent(
        self,
        scope: str = ALL_ONCE,
        *,
        ticked: Collection[str] | None = None,
        allow: bool = True,
        user: str = "",
        **changes: str | None,
    ) -> dict[str, str]:
        """Sign somebody in, and give what the redirect carries."""
        query = urlencode(self.authorize_query(scope, **changes))
        address = f"{self.server.address}/v2/auth/authorize/?{query}"
        where = self.server.sign_in(address, user=user, ticked=ticked, allow=allow)
        assert where.startswith(changes.get("redirect_uri") or REDIRECT)
        return query_of(where)

    def exchange_form(self, code: str, **changes: str | None) -> dict[str, str]:
        """Give a complete form for the exchange of a code."""
        form: dict[str, str | None] = {
            "client_key": self.app.key,
            "client_secret": self.app.secret,
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        }
        form |= changes
        return {name: value for name, value in form.items() if value is not None}

    def exchange(self, code: str, **changes: str | None) -> httpx.Response:
        """Exchange a code for tokens."""
        return self.http.post("/v2/oauth/token/", data=self.exchange_form(code, **changes))

    def refresh(self, token: str, **changes: str) -> httpx.Response:
        """Renew tokens."""
        form = {
            "client_key": self.app.key,
            "client_secret": self.app.secret,
            "grant_type": "refresh_token",
            "refresh_token": token,
        }
        return self.http.post("/v2/oauth/token/", data=form | changes)

    def revoke(self, token: str, **changes: str) -> httpx.Response:
        """Give back what was granted."""
        form = {"client_key": self.app.key, "client_secret": self.app.secret, "token": token}
        return self.http.post("/v2/oauth/revoke/", data=form | changes)

    def sign_in(self, scope: str = ALL_ONCE, *, user: str = "") -> dict[str, Any]:
        """Sign somebody in, keep the access token, and give the token answer."""
        answer = self.exchange(self.consent(scope, user=user)["code"])
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        self.token = tokens["access_token"]
        return tokens

    # --- Data Portability ----------------------------------------------------------------

    def call(
        self, name: str, body: Any, fields: str | None = None, **headers: str
    ) -> httpx.Response:
        """Call one of the four endpoints."""
        params = {} if fields is None else {"fields": fields}
        signed = {"Authorization": f"Bearer {self.token}"} | headers
        return self.http.post(f"/v2/user/data/{name}/", params=params, json=body, headers=signed)

    def add(self, *categories: str, data_format: str = "json") -> httpx.Response:
        """Ask for a copy."""
        body = {
            "data_format": data_format,
            "category_selection_list": list(categories or ("all_data",)),
        }
        return self.call("add", body, "request_id")

    def added(self, *categories: str) -> int:
        """Ask for a copy, and give its id."""
        answer = self.add(*categories)
        assert answer.status_code == 200, answer.text
        number: int = answer.json()["data"]["request_id"]
        return number

    def check(self, request: int, fields: str = "status") -> dict[str, Any]:
        """Ask how far it is, and give ``data``."""
        answer = self.call("check", {"request_id": request}, fields)
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def status(self, request: int) -> str:
        """Ask how far it is."""
        text: str = self.check(request)["status"]
        return text

    def download(self, request: int, **headers: str) -> httpx.Response:
        """Fetch a copy."""
        return self.call("download", {"request_id": request}, **headers)

    def cancel(self, request: int) -> httpx.Response:
        """Give up a request."""
        return self.call("cancel", {"request_id": request})


def code_of(answer: httpx.Response) -> str:
    """Give the error code of an answer of the API."""
    text: str = answer.json()["error"]["code"]
    return text


def opened(answer: httpx.Response) -> dict[str, Any]:
    """Give the JSON in the zip of an answer."""
    assert answer.status_code == 200, answer.text[:300]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["user_data_tiktok.json"]
        document: dict[str, Any] = json.loads(archive.read("user_data_tiktok.json"))
    return document
