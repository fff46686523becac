"""Bundles on S3: a server of its own process, looked at with Amazon's own client."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bundle_disk import ADA, TOKEN
from bundle_items import blob, post, profile, validate_bag, watched
from bundle_remote import RemoteSuite, begun, payload, remote, transfer
from decamp import (
    AccessDenied,
    AuthError,
    ConfigError,
    Conflict,
    DestinationFull,
    DestinationRefused,
    Item,
    ItemRejected,
    Locked,
    Origin,
    RateLimited,
    TransferError,
    Unavailable,
)
from decamp_disk.remote_failures import remote_explained
from s3_server import client, s3_server, snapshot
from sent_bytes import Told

FILM = "data/posts/2023/2023-05-01T120000Z/1.mp4"


class TestS3(RemoteSuite):
    @pytest.fixture
    def importer(self, s3: str, bucket: str, tmp_path: Path) -> Iterator[Any]:
        self.place = (s3, bucket)
        importer = remote(f"s3://{bucket}/a/bundle", tmp_path, endpoint_url=s3)
        yield importer
        importer.close()

    def content(self) -> object:
        return payload(snapshot(*self.place, "a/bundle/"))

    def write(self, name: str, data: bytes) -> None:
        client(self.place[0]).put_object(Bucket=self.place[1], Key=f"a/bundle/{name}", Body=data)

    def drop(self, name: str) -> None:
        client(self.place[0]).delete_object(Bucket=self.place[1], Key=f"a/bundle/{name}")


@pytest.fixture
def place(s3: str, bucket: str, tmp_path: Path) -> dict[str, Any]:
    """Where `transfer`, `begun` and `remote` write to."""
    return {"address": f"s3://{bucket}/b", "scratch": tmp_path, "endpoint_url": s3}


def fetched(s3: str, bucket: str, folder: Path) -> Path:
    """Download a bundle without decamp."""
    for name, data in snapshot(s3, bucket, "b/").items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def test_what_is_sent_counts_part_by_part_and_not_the_copy_on_this_machine(
    place: dict[str, Any],
) -> None:
    data = bytes(12 << 20)
    meter = Told(len(data))
    with begun(**place) as importer:
        meter.of(importer.import_item, post(data=data))
    positions = [position for name, position in meter.reached if name != "1.mp4"]
    assert len(positions) == len(meter.reached)
    assert {5 << 20, 10 << 20, 12 << 20} <= set(positions)
    assert meter.sent == len(data)


def test_the_bag_is_valid_and_a_second_address_is_another(
    s3: str, bucket: str, place: dict[str, Any], tmp_path: Path
) -> None:
    transfer(items=[post(), profile(), watched()], **place)
    validate_bag(fetched(s3, bucket, tmp_path / "fetched"))
    found = remote(**place).check()
    assert found.id == f"s3://{bucket}/b at {s3}"
    assert found.holds == Origin(ADA)
    assert remote(**place | {"address": f"s3a://{bucket}/b/"}).check().id == found.id
    assert remote(**place | {"address": f"s3://{bucket}/c"}).check().holds is None
    with pytest.raises(DestinationRefused, match="not empty"):
        remote(**place | {"address": f"s3://{bucket}"}).check()


def test_amazon_itself_needs_no_name(signed_in: None, tmp_path: Path) -> None:
    importer = remote("s3://bucket/x", tmp_path)  # asks no server yet
    assert importer._site.identity == "s3://bucket/x"


def test_the_environment_names_another_server(
    s3: str, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3)
    assert remote(f"s3://{bucket}/b", tmp_path).check().id == f"s3://{bucket}/b at {s3}"


def test_the_record_comes_last_and_the_marker_first(
    bucket: str, tmp_path: Path, signed_in: None
) -> None:
    log = tmp_path / "requests"
    with s3_server(log=str(log)) as address:
        client(address).create_bucket(Bucket=bucket)
        film, cover = blob("1.mp4", b"film"), blob("cover.jpg", b"\xff\xd8", "image/jpeg")
        made = post()
        item = Item(made.id, made.kind, made.record, (film, cover))
        transfer(f"s3://{bucket}/b", tmp_path, [item], endpoint_url=address)
        asked = [line.partition("/b/") for line in log.read_text().splitlines()]
    puts = [name for method, _, name in asked if method == f"PUT /{bucket}" and name]
    names = [name.split("?")[0] for name in puts if ".decamp.lock" not in name]
    folder = FILM.rpartition("/")[0]
    assert names[0] == "decamp.json"
    assert names[1:4] == [FILM, f"{folder}/cover.jpg", f"{folder}/post.json"]
    assert names[-1] == "decamp.json"


def test_a_large_file_comes_in_parts_and_appears_whole(
    s3: str, bucket: str, place: dict[str, Any]
) -> None:
    data = bytes(range(256)) * (50 << 10)
    transfer(items=[post(data=data)], **place)
    found = client(s3).get_object(Bucket=bucket, Key=f"b/{FILM}")
    assert found["ETag"].strip('"').endswith("-3")
    assert found["Body"].read() == data


@pytest.mark.parametrize("size", [4, 12 << 20], ids=["whole", "in-parts"])
def test_an_object_of_a_stranger_is_never_overwritten(
    s3: str, bucket: str, place: dict[str, Any], size: int
) -> None:
    transfer(items=[profile()], **place)
    for key in (f"b/{FILM}", f"b/{FILM.rpartition('/')[0]}/post.json"):
        for theirs in (b"mine", b""):
            client(s3).put_object(Bucket=bucket, Key=key, Body=theirs)
            with begun(**place) as importer, pytest.raises(Conflict, match="other content"):
                importer.import_item(post(data=b"f" * size))
            assert client(s3).get_object(Bucket=bucket, Key=key)["Body"].read() == theirs
        client(s3).delete_object(Bucket=bucket, Key=key)


@pytest.mark.parametrize("size", [4, 12 << 20], ids=["whole", "in-parts"])
def test_one_that_appears_in_the_same_moment_is_not_overwritten(
    s3: str, bucket: str, place: dict[str, Any], size: int
) -> None:
    """The look before sees nothing: only the store's own condition protects it."""
    with begun(**place) as importer:
        folder = importer._folder
        with folder.staged_folder() as stage:
            folder.write(f"{stage}/file", b"f" * size)
            assert not folder.exists(FILM)
            client(s3).put_object(Bucket=bucket, Key=f"b/{FILM}", Body=b"mine")
            with pytest.raises(FileExistsError):
                folder.publish_file(f"{stage}/file", FILM)
    assert client(s3).get_object(Bucket=bucket, Key=f"b/{FILM}")["Body"].read() == b"mine"
    assert "Uploads" not in client(s3).list_multipart_uploads(Bucket=bucket)


@pytest.mark.parametrize("conditions", ["ignore", "reject"])
def test_a_server_without_conditions(
    conditions: str, bucket: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with s3_server(conditions) as address:
        client(address).create_bucket(Bucket=bucket)
        where = {"address": f"s3://{bucket}/b", "scratch": tmp_path, "endpoint_url": address}
        with caplog.at_level(logging.WARNING, "decamp.test"):
            transfer(items=[profile()], **where)
        assert "knows no conditional writes" in caplog.text
        client(address).put_object(Bucket=bucket, Key=f"b/{FILM}", Body=b"mine")
        with begun(**where) as importer, pytest.raises(Conflict):
            importer.import_item(post())
        assert client(address).get_object(Bucket=bucket, Key=f"b/{FILM}")["Body"].read() == b"mine"
        with begun(**where), pytest.MonkeyPatch.context() as elsewhere:
            elsewhere.setattr("platform.node", lambda: "elsewhere")
            with pytest.raises(Locked):
                remote(**where).begin(Origin(ADA), TOKEN)


def test_two_machines(
    s3: str, bucket: str, place: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with begun(**place):
        monkeypatch.setenv("DECAMP_HOME", "another")
        before = snapshot(s3, bucket)
        with pytest.raises(Locked, match="2026-01-02T03:04:05Z"):
            remote(**place).begin(Origin(ADA), TOKEN)
        assert snapshot(s3, bucket) == before
        assert json.loads(before["b/.decamp.lock"])
    assert snapshot(s3, bucket) == {}


def test_uploads_that_a_kill_left_are_dropped_and_those_of_others_not(
    s3: str, bucket: str, place: dict[str, Any]
) -> None:
    for key in (f"b/{FILM}", "bundle/other"):
        client(s3).create_multipart_upload(Bucket=bucket, Key=key)
    transfer(items=[post()], **place)
    left = client(s3).list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert [one["Key"] for one in left] == ["bundle/other"]


def test_an_edit_is_noticed_and_nothing_else_is_fetched(
    bucket: str, tmp_path: Path, signed_in: None, caplog: pytest.LogCaptureFixture
) -> None:
    log = tmp_path / "requests"
    with s3_server(log=str(log)) as address:
        s3 = client(address)
        s3.create_bucket(Bucket=bucket)
        where = {"address": f"s3://{bucket}/b", "scratch": tmp_path, "endpoint_url": address}
        items = [post(f"2023-05-01T12:00:{n:02}Z", data=b"film") for n in range(20)]
        receipts = transfer(items=items, **where)
        s3.put_object(Bucket=bucket, Key=f"b/{FILM}", Body=b"mine now")
        log.write_text("")
        found = list(remote(**where).verify(receipts, "exists"))
        assert len(found) == 20
        assert not any(one.problem for one in found)
        methods = Counter(line.split()[0] for line in log.read_text().splitlines())
        assert methods == {"GET": 1}, "one listing for all"
        with begun(**where) as importer, caplog.at_level(logging.WARNING, "decamp.test"):
            added = importer.import_item(profile())
            log.write_text("")
            importer.finish([*receipts, added])
        asked = [line.split("?")[0] for line in log.read_text().splitlines()]
    assert FILM in caplog.text
    films = [line for line in asked if line.endswith(".mp4")]
    assert set(films) == {f"GET /{bucket}/b/{FILM}"}
    assert not [line for line in asked if line.startswith("HEAD") and "/data/" in line]


# --- refusals ----------------------------------------------------------------------------


def refused(kind: type[TransferError], place: dict[str, Any]) -> TransferError:
    with pytest.raises(TransferError) as caught:
        remote(**place).check()
    assert type(caught.value) is kind
    assert caught.value.hint
    assert "X-Amz" not in caught.value.message
    return caught.value


def test_no_such_bucket(place: dict[str, Any]) -> None:
    error = refused(DestinationRefused, place | {"address": "s3://no-such-bucket-here/b"})
    assert "no such bucket" in error.message
    assert "decamp makes none" in error.hint


def test_a_bucket_name_that_none_can_have(place: dict[str, Any]) -> None:
    refused(ConfigError, place | {"address": "s3://No_Bucket!/b"})


def test_no_sign_in(place: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert "AWS_PROFILE" in refused(AuthError, place).hint


def test_a_profile_that_is_not_there(
    place: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(AuthError):
        remote(**place)


def test_a_wrong_key_and_a_key_that_may_nothing(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_server(INITIAL_NO_AUTH_ACTION_COUNT="3") as address:
        where = {"address": f"s3://{bucket}/b", "scratch": tmp_path, "endpoint_url": address}
        client(address).create_bucket(Bucket=bucket)
        iam = client(address, "iam")
        iam.create_user(UserName="ada")
        key = iam.create_access_key(UserName="ada")["AccessKey"]
        assert "InvalidAccessKeyId" in refused(AuthError, where).message
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        assert "SignatureDoesNotMatch" in refused(AuthError, where).message
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        assert "AccessDenied" in refused(AccessDenied, where).message


def test_nobody_answers(place: dict[str, Any]) -> None:
    refused(Unavailable, place | {"endpoint_url": "http://127.0.0.1:9"})


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("SlowDown", RateLimited),
        ("ServiceUnavailable", Unavailable),
        ("InternalError", Unavailable),
        ("ConditionalRequestConflict", Unavailable),
        ("XMinioStorageFull", DestinationFull),
        ("QuotaExceeded", DestinationFull),
        ("EntityTooLarge", ItemRejected),
        ("KeyTooLongError", ItemRejected),
        ("ExpiredToken", AuthError),
        ("AccessDenied", AccessDenied),
        ("NoSuchBucket", DestinationRefused),
        ("MethodNotAllowed", DestinationRefused),
    ],
)
def test_each_answer_has_its_error(code: str, kind: type[TransferError]) -> None:
    from botocore.exceptions import ClientError
    from s3fs.errors import translate_boto_error

    answer = ClientError({"Error": {"Code": code, "Message": "https://x?X-Amz-Signature=s"}}, "Put")
    with pytest.raises(TransferError) as caught, remote_explained("s3://b/x", FileNotFoundError):
        raise translate_boto_error(answer)
    assert type(caught.value) is kind
    assert "s3://b/x" in caught.value.message
    assert "Signature" not in caught.value.message
    assert caught.value.hint
