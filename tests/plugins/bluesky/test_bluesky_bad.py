"""Bad input, bad answers, and people who change things meanwhile, at a real server."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from attrs import evolve
from PIL import Image

from bluesky_runs import COLLECTION, blob, mp4, png, post
from decamp import (
    AccessDenied,
    AuthError,
    ConfigError,
    Conflict,
    DestinationRefused,
    Item,
    ItemHeld,
    ItemRejected,
    ItemSkipped,
    Missing,
    RateLimited,
    Unavailable,
)
from decamp_bluesky.signin import VARIABLE
from faulty_http import Answer, serving
from pds_run import PASSWORD, Account, Pds, require_pds

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"


@contextmanager
def answering(change: Callable[[httpx.Request], httpx.Response | None]) -> Iterator[list[str]]:
    """Answer some requests in the place of the server; gives the names of all."""
    asked: list[str] = []
    send = httpx.Client.send

    def changed(self: httpx.Client, request: httpx.Request, **how: object) -> httpx.Response:
        asked.append(request.url.path.rpartition("/")[2])
        answer = change(request)
        if answer is None:
            return send(self, request, **how)
        answer.request = request
        return answer

    httpx.Client.send = changed
    try:
        yield asked
    finally:
        httpx.Client.send = send


def texts(pds: Pds, account: Account) -> list[str]:
    """Give the texts that are there, in the order of their keys."""
    return [one["text"] for _, one in sorted(pds.repository(account.did).items())]


# --- the account and its server ----------------------------------------------------------


def test_a_wrong_app_password(make, pds: Pds, account: Account, monkeypatch) -> None:
    monkeypatch.setenv(VARIABLE, "aaaa-bbbb-cccc-dddd")
    with pytest.raises(AuthError, match="does not accept the app password") as caught:
        make().check()
    assert "aaaa" not in f"{caught.value.message} {caught.value.hint} {caught.value!r}"


def test_no_password_at_all(make, monkeypatch) -> None:
    importer = make()
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(AuthError, match="not signed in") as caught:
        importer.check()
    assert "App passwords" in caught.value.hint


def test_a_session_is_kept_renewed_and_begun_anew_only_once_revoked(
    make, pds: Pds, account: Account, monkeypatch
) -> None:
    importer = make()
    importer.check()
    secrets = importer._context.secrets
    name = f"session:{account.did}"
    server, access, refresh = json.loads(secrets.get(name))
    monkeypatch.delenv(VARIABLE)

    importer._client.session._tokens = None
    with answering(lambda request: None) as asked:
        importer.check()
    assert asked == ["com.atproto.server.getSession"]

    secrets.set(name, json.dumps([server, access[:-4] + "AAAA", refresh]))
    importer._client.session._tokens = None
    with answering(lambda request: None) as asked:
        importer.import_item(post(1, "After a renewal", blob("1.png", png(4, 4))))
    assert "com.atproto.server.refreshSession" in asked
    assert "com.atproto.server.createSession" not in asked
    assert json.loads(secrets.get(name))[2] != refresh

    body = {"name": "decamp"}
    pds.call("com.atproto.server.revokeAppPassword", body, account.token)
    refresh = json.loads(secrets.get(name))[2]
    secrets.set(name, json.dumps([server, access[:-4] + "AAAA", refresh]))
    importer._client.session._tokens = None
    with pytest.raises(AuthError, match="not signed in"):
        importer.import_item(post(2, "After it was revoked"))
    assert secrets.get(name) is None


def test_a_deactivated_account(make, pds: Pds, account: Account) -> None:
    importer = make()
    importer.check()
    pds.call("com.atproto.server.deactivateAccount", {}, account.token)
    with pytest.raises(AccessDenied, match="deactivated"):
        importer.check()
    with pytest.raises(AccessDenied, match="deactivated"):
        importer.import_item(post(1, "Too late"))


def test_an_unknown_handle(make) -> None:
    with pytest.raises(DestinationRefused, match="Nobody has the handle nobody-at-all"):
        make(handle="nobody-at-all.test").check()


@pytest.mark.parametrize("handle", ["", "ada", "ada@example.org", "did:x:1", "a b.test"])
def test_what_is_no_handle(make, handle: str) -> None:
    with pytest.raises(ConfigError, match="no Bluesky handle"):
        make(handle=handle).check()


def test_the_server_is_found_by_the_did(make, pds: Pds, account: Account) -> None:
    found = make(handle=account.did, server="", directory=pds.plc).check()
    assert found.id == account.did
    assert found.settings == {"handle": account.did, "directory": pds.plc}
    with pytest.raises(DestinationRefused, match="does not tell on which server"):
        make(handle="did:plc:" + "a" * 24, server="", directory=pds.plc).check()


def test_the_server_is_found_by_the_handle(make, pds: Pds, account: Account, monkeypatch) -> None:
    monkeypatch.setattr("decamp_bluesky.finding._own_site", lambda handle, http: None)
    found = make(server="", resolver=pds.url, directory=pds.plc).check()
    assert found.id == account.did


def test_a_handle_that_its_account_does_not_know_is_not_signed_in(
    make, pds: Pds, account: Account, monkeypatch
) -> None:
    """Else the password would go to whatever server is named there."""
    monkeypatch.setattr("decamp_bluesky.finding._own_site", lambda handle, http: account.did)
    with (
        answering(lambda request: None) as asked,
        pytest.raises(DestinationRefused, match="does not say that"),
    ):
        make(handle="somebody-else.test", server="", directory=pds.plc).check()
    assert asked == [account.did]


def test_a_did_of_the_web_names_its_server(make, pds: Pds) -> None:
    service = {"id": "#atproto_pds", "serviceEndpoint": pds.url}
    document = json.dumps({"service": [service]}).encode()
    with serving({"/.well-known/did.json": Answer(200, document)}) as server:
        did = f"did:web:127.0.0.1%3A{server.port}"
        with pytest.raises(AuthError):  # found, and signed in with a password of somebody else
            make(handle=did, server="").check()


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"[]", b'{"hello": 1}', b""])
def test_a_server_that_is_none(make, body: bytes) -> None:
    with (
        serving({"/xrpc/com.atproto.identity.resolveHandle": Answer(200, body)}) as server,
        pytest.raises(DestinationRefused, match="does not answer like a server"),
    ):
        make(server=f"http://127.0.0.1:{server.port}").check()


def test_a_server_that_is_not_there(make) -> None:
    with pytest.raises(Unavailable, match=r"^127.0.0.1 cannot be reached.$"):
        make(server="http://127.0.0.1:1").check()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpx.ConnectTimeout(""), "cannot be reached."),
        (httpx.ReadTimeout(""), "does not answer in time."),
        (httpx.RemoteProtocolError(""), "The connection to"),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] expired"), "not to be trusted."),
    ],
)
def test_why_no_answer_came_is_said_in_words(make, error: httpx.TransportError, said: str) -> None:
    def failing(request: httpx.Request) -> None:
        raise error

    with answering(failing), pytest.raises(Unavailable) as caught:
        make().check()
    assert said in caught.value.message
    assert type(error).__name__ not in caught.value.message


@pytest.mark.parametrize(
    "address", ["http://example.org", "ftp://localhost", "x", "https://a:b@example.org"]
)
def test_an_address_that_is_not_safe(make, address: str) -> None:
    with pytest.raises(ConfigError):
        make(server=address).check()


# --- texts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caption", "records"),
    [
        (FAMILY * 300, 3),
        ("ten thousand " * 770, 34),
        ("\u05e9\u05dc\u05d5\u05dd #\u05e2\u05d5\u05dc\u05dd https://example.org/\u05d0", 1),
        ("x" * 295 + " #acrossthecut", 2),
        (" \n leading and trailing \n ", 1),
    ],
)
def test_texts_arrive_whole(make, pds: Pds, account: Account, caption: str, records: int) -> None:
    receipt = make().import_item(post(1, caption))
    assert len(receipt.data["records"]) == records
    there = texts(pds, account)
    assert "".join("".join(there).split()) == "".join(caption.split())
    if records == 1:
        assert there == [caption]
    for record in pds.repository(account.did).values():
        for facet in record.get("facets", ()):
            covered = record["text"].encode()[
                facet["index"]["byteStart"] : facet["index"]["byteEnd"]
            ]
            assert covered.decode()[0] in "#h"


def test_a_long_text_by_the_other_policies(make, pds: Pds, account: Account) -> None:
    long = post(1, "word " * 100)
    with pytest.raises(ItemSkipped):
        make(long_text="skip").import_item(long)
    make(long_text="truncate").import_item(long)
    [text] = texts(pds, account)
    assert text.endswith("word\u2026")
    with pytest.raises(ConfigError, match="long_text must be one of thread, truncate, skip"):
        make(long_text="shorten")


def test_times_of_old_and_equal_seconds(make, pds: Pds, account: Account) -> None:
    importer = make()
    first = post(1, "First of its second")
    second = Item(first.id + "#2", "post", {**first.record, "caption": "Second"})
    old = Item(
        "post:2014-07-01T00:00:00Z", "post", {**first.record, "time": "2014-07-01T00:00:00Z"}
    )
    for item in (first, second, old):
        importer.import_item(item)
    there = pds.repository(account.did)
    assert len(there) == 3
    assert sorted(one["createdAt"] for one in there.values()) == [
        "2014-07-01T00:00:00.000Z",
        "2019-05-01T12:00:01.000Z",
        "2019-05-01T12:00:01.000Z",
    ]
    undated = Item("post:undated:1", "post", {"caption": "When?", "type": "video"})
    with pytest.raises(ItemRejected, match="when it was posted"):
        importer.import_item(undated)


# --- files -------------------------------------------------------------------------------


def test_a_video_that_is_a_web_page(make, pds: Pds, account: Account) -> None:
    with pytest.raises(ItemRejected, match="is no video"):
        make().import_item(post(1, "", blob("1.mp4", b"<!doctype html><title>403</title>")))
    assert pds.repository(account.did) == {}


def test_a_video_above_the_limit_is_not_even_sent(make, pds: Pds, account: Account) -> None:
    large = blob("1.mp4", b"")
    item = post(1, "", type(large)("1.mp4", "video/mp4", large.open, 200 << 20, "0" * 64))
    with answering(lambda request: None) as asked, pytest.raises(ItemRejected, match="209,715,200"):
        make().import_item(item)
    assert "com.atproto.repo.uploadBlob" not in asked


def test_what_is_too_large_can_be_linked(make, pds: Pds, account: Account) -> None:
    settings = {"oversized": "link", "link": "https://films.example.org/ada"}
    importer = make(max_video=5_000, **settings)
    item = post(1, "Long", blob("1.mp4", mp4(9_000)), alt_text="A gull")
    receipt = importer.import_item(item)
    [record] = pds.repository(account.did).values()
    card = {"uri": settings["link"], "title": "films.example.org", "description": ""}
    assert record["embed"] == {"$type": "app.bsky.embed.external", "external": card}
    assert pds.blobs(account.did) == []
    assert importer.import_item(item).existed
    assert importer.find_item(item) == evolve(receipt, existed=True)
    [found] = importer.verify([receipt], "digest")
    assert not found.problem
    changed = importer.update_item(
        item.evolve(record={**item.record, "caption": "Longer"}), receipt
    )
    [record] = pds.repository(account.did).values()
    assert (record["text"], record["embed"]["external"]) == ("Longer", card)
    assert importer.fill_item(item, changed).superseded
    importer.remove(changed, receipt)
    importer.remove(receipt, None)
    importer.import_item(post(2, "Short", blob("1.mp4", mp4(1_000))))
    assert len(pds.blobs(account.did)) == 1
    assert importer.find_item(post(2, "Short", blob("1.mp4", mp4(1_000)))) is not None
    assert importer.find_item(post(3, "Never", blob("1.mp4", mp4(9_000)))) is None


@pytest.mark.parametrize("link", ["", "http://films.example.org", "https://a:b@films.example.org"])
def test_a_link_has_to_be_one(make, link: str) -> None:
    with pytest.raises(ConfigError, match="address"):
        make(oversized="link", link=link)


def test_a_server_takes_less_than_the_table_says(make, tmp_path: Path, monkeypatch) -> None:
    require_pds()
    with Pds.run(tmp_path / "small", {"PDS_BLOB_UPLOAD_LIMIT": "100000"}) as small:
        owner = small.account()
        monkeypatch.setenv(VARIABLE, owner.app_password)
        importer = make(handle=owner.handle, server=small.url)
        for size in (150_000, 4_000_000):
            with pytest.raises(ItemRejected, match="takes no file as large"):
                importer.import_item(post(1, "", blob("1.mp4", mp4(size))))
        assert small.repository(owner.did) == {}
        importer.import_item(post(2, "", blob("1.mp4", mp4(50_000))))
        assert len(small.blobs(owner.did)) == 1


def test_thirty_five_photos_are_a_thread(make, pds: Pds, account: Account) -> None:
    photos = [blob(f"{n}.png", png(8, 6, n)) for n in range(35)]
    importer = make()
    receipt = importer.import_item(post(1, "Many", *photos, alt_text="A gull"))
    assert len(receipt.data["records"]) == 9
    assert len(pds.blobs(account.did)) == 35
    records = [one for _, one in sorted(pds.repository(account.did).items())]
    assert [len(one["embed"]["images"]) for one in records] == [4] * 8 + [3]
    assert records[0]["embed"]["images"][0]["alt"] == "A gull"
    assert records[0]["embed"]["images"][0]["aspectRatio"] == {"width": 8, "height": 6}
    assert [one["text"] for one in records] == ["Many"] + [""] * 8
    links = [one["reply"]["parent"]["uri"].rpartition("/")[2] for one in records[1:]]
    assert links == sorted(key.rpartition("/")[2] for key in pds.repository(account.did))[:-1]
    importer.remove(receipt, None)
    assert pds.repository(account.did) == {}
    with pytest.raises(ItemSkipped):
        make(many_photos="skip").import_item(post(2, "", *photos))
    first = make(many_photos="first").import_item(post(2, "", *photos))
    assert len(first.data["records"]) == 1


def test_thirty_five_photos_are_galleries(make, pds: Pds, account: Account) -> None:
    """Their shape is that of the newest lexicon; this server is older and keeps it unjudged."""
    photos = [blob(f"{n}.png", png(8, 6, n)) for n in range(35)]
    importer = make(many_photos="gallery")
    item = post(1, "Many", *photos, alt_text="A gull")
    receipt = importer.import_item(item)
    first, second = (one for _, one in sorted(pds.repository(account.did).items()))
    assert [len(one["embed"]["items"]) for one in (first, second)] == [20, 15]
    assert first["embed"]["$type"] == "app.bsky.embed.gallery"
    shown = first["embed"]["items"][0]
    assert shown.keys() == {"$type", "image", "alt", "aspectRatio"}
    assert shown["$type"] == "app.bsky.embed.gallery#image"
    assert (shown["alt"], shown["aspectRatio"]) == ("A gull", {"width": 8, "height": 6})
    assert second["reply"]["root"]["uri"].endswith(receipt.data["records"][0][0])
    assert importer.import_item(item).existed
    assert importer.find_item(item) is not None
    [found] = importer.verify([receipt], "digest")
    assert not found.problem
    changed = post(1, "More", *photos, blob("35.png", png(8, 6, 35)), alt_text="A gull")
    updated = importer.update_item(changed, receipt)
    assert len(pds.blobs(account.did)) == 36
    assert importer.remove(updated, receipt) == receipt
    importer.remove(receipt, None)
    assert pds.repository(account.did) == {}
    importer.import_item(post(2, "Four", *photos[:4]))
    [few] = pds.repository(account.did).values()
    assert few["embed"]["$type"] == "app.bsky.embed.images"


def noise(width: int, height: int) -> bytes:
    """Make a picture that no encoding makes small."""
    out = io.BytesIO()
    data = random.Random(5).randbytes(width * height * 3 // 16)
    small = Image.frombytes("RGB", (width // 4, height // 4), data[: width * height * 3 // 16])
    small.resize((width, height), Image.Resampling.NEAREST).save(out, "PNG")
    return out.getvalue()


def test_an_image_of_forty_megapixels_is_made_smaller(make, pds: Pds, account: Account) -> None:
    data = noise(8_000, 5_000)
    assert len(data) > 1_000_000
    item = post(1, "Large", blob("1.png", data))
    importer = make()
    first = importer.import_item(item)
    [cid] = pds.blobs(account.did)
    stored = pds.blob(account.did, cid)
    assert len(stored) <= 1_000_000
    with Image.open(io.BytesIO(stored)) as image:
        assert image.width / image.height == 1.6
    assert importer.find_item(item).data == first.data
    assert importer.import_item(item).existed
    with pytest.raises(ItemRejected, match="may have"):
        make(oversized="skip").import_item(post(2, "", blob("1.png", data)))


def test_an_image_that_cannot_be_read_is_said_to_be_so(make) -> None:
    with pytest.raises(ItemRejected, match="cannot be read"):
        make().import_item(post(1, "", blob("1.png", b"\x89PNG\r\n\x1a\n" + bytes(2_000_000))))


def test_a_post_without_its_media_is_held(make, pds: Pds, account: Account) -> None:
    item = post(1, "Caption").evolve(missing=(Missing("1.mp4", "expired", "It has expired."),))
    with pytest.raises(ItemHeld, match=r"1\.mp4"):
        make().import_item(item)
    [held] = make().import_batch([item])
    assert isinstance(held, ItemHeld)
    assert pds.repository(account.did) == {}
    cover = item.evolve(missing=(Missing("cover.jpg", "expired", ""),))
    assert make().import_item(cover)
    text = make(missing_media="text")
    other = item.evolve(id="post:2019-05-01T12:00:01Z#2")
    assert text.import_item(other)


# --- what a server does ------------------------------------------------------------------


def test_500_for_what_should_be_400_leaves_out_one_post(make, pds: Pds, account: Account) -> None:
    def fault(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST" and b"poison" in request.content:
            return httpx.Response(500, json={"error": "InternalServerError"})
        return None

    importer = make()
    with answering(fault):
        results = importer.import_batch([post(1, "one"), post(2, "poison"), post(3, "three")])
    assert [type(one).__name__ for one in results] == ["Receipt", "ItemRejected", "Receipt"]
    assert texts(pds, account) == ["one", "three"]


def test_one_that_is_there_already_does_not_spoil_a_batch(make, pds: Pds, account: Account) -> None:
    importer = make()
    importer.import_item(post(2, "two"))
    results = importer.import_batch(
        [post(n, word) for n, word in enumerate(("0", "1", "two", "3"))]
    )
    assert [one.existed for one in results] == [False, False, True, False]
    assert len(texts(pds, account)) == 4


def test_a_batch_of_threads_is_cut_to_what_one_call_takes(make, pds: Pds, account: Account) -> None:
    items = [post(n, f"{n} " + "long " * 600) for n in range(30)]  # 30 threads of 11
    with answering(lambda request: None) as asked:
        results = make().import_batch(items)
    assert [one.item_id for one in results] == [item.id for item in items]
    assert asked.count("com.atproto.repo.applyWrites") == 2
    assert len(pds.repository(account.did)) == sum(len(one.data["records"]) for one in results)


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"ratelimit-reset": "1795600100", "date": "Wed, 25 Nov 2026 09:46:40 GMT"}, 100, 102),
        ({"retry-after": "7"}, 7, 7),
        (
            {
                "retry-after": "Wed, 25 Nov 2026 09:47:40 GMT",
                "date": "Wed, 25 Nov 2026 09:46:40 GMT",
            },
            60,
            60,
        ),
        ({"ratelimit-reset": "nonsense"}, 1, 120),
        ({"ratelimit-reset": "0"}, 1, 1),
        ({"ratelimit-reset": "1795600100", "date": "Wed, 25 Nov 2026 09:46:40 -0000"}, 100, 102),
        ({}, 1, 120),
    ],
)
def test_a_refusal_for_now_says_how_long(make, account, headers, least: float, most: float) -> None:
    importer = make()
    importer.check()
    body = {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}

    def refuse(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(429, headers=headers, json=body) if request.method == "POST" else None

    with answering(refuse), pytest.raises(RateLimited) as caught:
        importer.import_item(post(1, "x"))
    assert least <= caught.value.retry_after <= most


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (502, b"", Unavailable),
        (503, b"<html>", Unavailable),
        (403, b'{"error": "Forbidden"}', AccessDenied),
        (400, b'{"error": "InvalidRequest", "message": "Bad\\u0000 \\u202e thing"}', ItemRejected),
        (413, b"<html>nginx</html>", ItemRejected),
        (302, b"", DestinationRefused),
        (200, b"<html>", DestinationRefused),
    ],
)
def test_each_status_is_an_error_of_ours(make, account, status, body, kind) -> None:
    importer = make()
    importer.check()

    def change(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(status, content=body) if request.method == "POST" else None

    with answering(change), pytest.raises(kind) as caught:
        importer.import_item(post(1, "x"))
    assert caught.value.message.isprintable()


# --- what a person does meanwhile --------------------------------------------------------


def test_a_post_between_look_and_change_does_not_stop_a_change(
    make, pds: Pds, account: Account
) -> None:
    importer = make()
    receipt = importer.import_item(post(1, "Before"))
    written = []

    def meanwhile(request: httpx.Request) -> None:
        if request.url.path.endswith("applyWrites") and not written:
            record = {"$type": COLLECTION, "text": "By hand", "createdAt": "2026-01-01T00:00:00Z"}
            body = {"repo": account.did, "collection": COLLECTION, "record": record}
            written.append(1)
            pds.call("com.atproto.repo.createRecord", body, account.token)

    with answering(meanwhile):
        importer.update_item(post(1, "After"), receipt)
    assert sorted(texts(pds, account)) == ["After", "By hand"]


def test_half_of_a_thread_that_somebody_deleted_is_not_brought_back(
    make, pds: Pds, account: Account
) -> None:
    importer = make()
    item = post(1, "A long text, " * 60)
    receipt = importer.import_item(item)
    key = receipt.data["records"][1][0]
    where = {"repo": account.did, "collection": COLLECTION, "rkey": key}
    pds.call("com.atproto.repo.deleteRecord", where, account.token)
    for call in (importer.import_item, importer.find_item):
        with pytest.raises(Conflict):
            call(item)
    with pytest.raises(Conflict):
        importer.update_item(post(1, "Other"), receipt)
    assert len(texts(pds, account)) == 2
    assert importer.remove(receipt, None) is None
    assert texts(pds, account) == []


def test_media_that_come_later_join_the_post(make, pds: Pds, account: Account) -> None:
    importer = make(missing_media="text")
    gone = (Missing("2.png", "expired", ""),)
    first = importer.import_item(post(1, "Two", blob("1.png", png(5, 5, 1))).evolve(missing=gone))
    due = post(1, "Two", blob("2.png", png(5, 5, 2)))
    second = importer.update_item(due, first)
    [record] = pds.repository(account.did).values()
    assert len(record["embed"]["images"]) == 2
    assert importer.update_item(due, first).data == second.data
    importer.remove(second, first)
    [record] = pds.repository(account.did).values()
    assert len(record["embed"]["images"]) == 1


def test_no_secret_is_in_what_an_importer_shows(make, account: Account) -> None:
    importer = make()
    importer.check()
    shown = repr(importer._client.session) + repr(importer._client) + repr(importer._context)
    _, access, refresh = json.loads(importer._context.secrets.get(f"session:{account.did}"))
    for secret in (access, refresh, account.app_password, PASSWORD):
        assert secret not in shown
