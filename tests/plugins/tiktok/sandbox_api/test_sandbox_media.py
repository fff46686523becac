"""Media from the sandbox's own address, whole and spoilt; and many calls at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest

from decamp_tiktok.sandbox import Fault
from decamp_tiktok.sandbox.links import Signer, object_name
from decamp_tiktok.sandbox.media import jpeg, mp4
from login_kit import ALL_ONCE, ALL_ONGOING, Client, code_of

NAME = object_name(77)
FILM, PICTURE = Signer.video_path(NAME), Signer.image_path(NAME, "photo")
LATE = 4_000_000_000


@pytest.mark.parametrize(
    ("path", "body"), [(FILM, mp4(int(NAME, 16))), (PICTURE, jpeg(int(NAME, 16)))]
)
def test_media_are_served_beside_the_api(client, path, body):
    answer = client.http.get(path, params={"x-expires": LATE})
    assert answer.content == body
    part = client.http.get(path, params={"x-expires": LATE}, headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, body[5:10])
    assert client.http.head(path, params={"x-expires": LATE}).content == b""


def test_a_medium_that_is_cut_can_be_continued(client):
    client.server.media.faults[FILM] = Fault("cut")
    whole = mp4(int(NAME, 16))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        client.http.get(FILM, params={"x-tos-expires": LATE})
    rest = client.http.get(FILM, params={"x-tos-expires": LATE}, headers={"Range": "bytes=100-"})
    assert rest.content == whole[100:]
    assert [one.range for one in client.server.media.requests] == [None, "bytes=100-"]


@pytest.mark.parametrize(("kind", "status"), [("expired", 403), ("gone", 410), ("html", 200)])
def test_a_medium_can_go_wrong(client, kind, status):
    client.server.media.faults[PICTURE] = Fault(kind)
    answer = client.http.get(PICTURE, params={"x-expires": LATE})
    assert answer.status_code == status
    assert answer.content != jpeg(int(NAME, 16))


def test_what_is_no_medium_is_not_found(client):
    for path in ("/storage/v1/nothing", "/nothing", "/v2/user/data/list/"):
        assert client.http.get(path).status_code == 404


def at_once(call, count=16):
    with ThreadPoolExecutor(count) as pool:
        return [one.result() for one in [pool.submit(call) for _ in range(count)]]


def test_a_single_scope_is_used_up_once_however_many_ask_at_once(start):
    client: Client = start(delay=timedelta(hours=1))
    client.sign_in(ALL_ONCE)
    codes = [code_of(answer) for answer in at_once(client.add)]
    assert codes.count("ok") == 1
    assert len(client.server.simulator.desk.requests) == 1


def test_a_refresh_token_is_used_up_once_however_many_ask_at_once(client):
    token = client.sign_in(ALL_ONGOING)["refresh_token"]
    statuses = [answer.status_code for answer in at_once(lambda: client.refresh(token))]
    assert sorted(statuses) == [200] + [400] * 15


def test_a_copy_is_written_once_however_many_fetch_it_at_once(client):
    client.sign_in(ALL_ONGOING)
    request = client.added()
    bodies = {answer.content for answer in at_once(lambda: client.download(request), 6)}
    assert len(bodies) == 1
    assert bodies.pop().startswith(b"PK")
