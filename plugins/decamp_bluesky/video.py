"""Videos by way of Bluesky's video service, which makes them ready before a post shows them.

It takes the file, works on it, and puts what comes of it into the account's own server, by a token
that is good for that alone (https://docs.bsky.app/docs/tutorials/video, ``app.bsky.video.*``). What it
gives may be other bytes, so their name is not known before.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
from attrs import define

from decamp import ItemHeld, ItemRejected, Unavailable
from decamp_bluesky.answers import document, error_of
from decamp_bluesky.asking import answered, pieces
from decamp_bluesky.client import Client
from decamp_bluesky.media import Media

__all__ = ["VideoService"]

_STEP = 2.0
_PATIENCE = 900.0
"""Seconds between two looks at a video, and in all."""
_TOKEN = timedelta(minutes=30)
_SHOWN = 200
_ENDED = ("JOB_STATE_COMPLETED", "JOB_STATE_FAILED")


@define
class VideoService:
    """The service, for one account."""

    _http: httpx.Client
    _client: Client
    _address: str
    _now: Callable[[], datetime]
    _pause: Callable[[float], object]

    def process(self, media: Media) -> dict[str, Any]:
        """Have a video made ready; the same file again is the same job.

        Returns:
            The blob, as records name it; it lies at the account's server.

        Raises:
            ItemHeld: The service takes no more today.
            ItemRejected: It cannot make this video ready.
            Unavailable: It does not answer, or not in time.
        """
        self._require_room(media)
        job = self._begin(media)
        token = self._token(self._did, "app.bsky.video.getJobStatus")
        status: dict[str, Any] = {}
        waited = 0.0
        while (status := self._look(job, token)).get("state") not in _ENDED:
            if waited >= _PATIENCE:
                raise Unavailable(f"The video service has worked on {media.name} for too long.")
            self._pause(_STEP)
            waited += _STEP
        blob = status.get("blob")
        if status["state"] == "JOB_STATE_FAILED" or not isinstance(blob, dict):
            why = _said(status.get("message") or status.get("error") or "it does not say why")
            raise ItemRejected(
                f"The video service could not make {media.name} ready: {why}.",
                hint="To send it to your server as it is: -o to.video=server",
            )
        return blob

    def _require_room(self, media: Media) -> None:
        method = "app.bsky.video.getUploadLimits"
        found = self._ask(method, self._token(self._did, method))
        left = found.get("remainingDailyBytes")
        small = not isinstance(left, int) or media.size <= left
        if found.get("canUpload") is False or not small:
            why = _said(found.get("message") or "its limit of a day is used up")
            raise ItemHeld(
                f"The video service does not take {media.name} now: {why}.",
                hint="Run the same command again tomorrow. Or send videos to your server as they "
                "are: -o to.video=server",
            )

    def _begin(self, media: Media) -> str:
        server = self._client.query("com.atproto.server.describeServer")["did"]
        headers = {
            "Authorization": f"Bearer {self._token(server, 'com.atproto.repo.uploadBlob')}",
            "Content-Type": media.media_type,
            "Content-Length": str(media.size),
        }
        answer = answered(
            self._http, "POST", f"{self._address}/xrpc/app.bsky.video.uploadVideo",
            params={"did": self._client.did, "name": media.name},
            content=pieces(media.open), headers=headers,
        )  # fmt: skip
        found = document(answer) if answer.status_code < 500 else {}
        status = found.get("jobStatus", found)  # the service gives it bare; the lexicon says else
        job = status.get("jobId") if isinstance(status, dict) else None
        if not isinstance(job, str) or not job:  # a file that it knows is refused, with its job
            raise error_of(answer, "a video", self._now())
        return job

    def _look(self, job: str, token: str) -> dict[str, Any]:
        found = self._ask("app.bsky.video.getJobStatus", token, jobId=job)
        status = found.get("jobStatus")
        return status if isinstance(status, dict) else {}

    def _ask(self, method: str, token: str, **params: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self._address}/xrpc/{method}"
        answer = answered(self._http, "GET", url, params=params, headers=headers)
        if not answer.is_success:
            raise error_of(answer, "a video", self._now())
        return document(answer)

    def _token(self, audience: str, method: str) -> str:
        """Have the account's server sign that somebody may call this method for us."""
        until = str(int((self._client.server_now() + _TOKEN).timestamp()))
        found = self._client.query(
            "com.atproto.server.getServiceAuth", aud=audience, lxm=method, exp=until
        )
        return str(found["token"])

    @property
    def _did(self) -> str:
        return f"did:web:{quote(httpx.URL(self._address).netloc.decode(), safe='')}"


def _said(text: object) -> str:
    """Make what a service says fit to be shown."""
    words = " ".join(str(text).split())[:_SHOWN]
    return "".join(letter for letter in words if letter.isprintable()).rstrip(".")
