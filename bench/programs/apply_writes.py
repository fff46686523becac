"""Writes posts with bare calls of ``com.atproto.repo.applyWrites``: ``SERVER DID TOKEN COUNT``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import httpx

_CALL = "com.atproto.repo.applyWrites"
_MOST = 200


def main() -> None:
    """Write them, as many at a time as a call takes."""
    server, did, token, count = sys.argv[1:]
    start = datetime(2020, 1, 1, tzinfo=UTC)
    writes = [
        {
            "$type": f"{_CALL}#create",
            "collection": "app.bsky.feed.post",
            "value": {
                "$type": "app.bsky.feed.post",
                "text": f"Post {number} of many",
                "createdAt": f"{start + timedelta(minutes=number):%Y-%m-%dT%H:%M:%SZ}",
            },
        }
        for number in range(int(count))
    ]
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=60) as http:
        for place in range(0, len(writes), _MOST):
            body = {"repo": did, "writes": writes[place : place + _MOST]}
            http.post(f"{server}/xrpc/{_CALL}", json=body).raise_for_status()


main()
