from __future__ import annotations

import hashlib

import pytest

from decamp.errors import ConfigError
from decamp.media import MediaFolder
from decamp.model import Blob, Item, Link

MP4 = b"\0\0\0\x18ftypisom\0\0\0\0isomavc1" + b"video"
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0" + b"photo"
WEBP = b"RIFF\x10\0\0\0WEBPVP8 "
KEY = "/storage/v1/tos-no1a/0123456789abcdef0123456789abcdef/"
PHOTO_KEY = "/tos-i/0123456789abcdef~tplv-photo:720:720.jpeg"
TIME = "2023-05-01T12:00:00Z"


def link(key=""):
    return Link("https://v.example/a?sig=x", key=key)


def video(key="", name="1.mp4"):
    return Blob(name, "video/mp4", link=link(key))


def photo(number, key=""):
    return Blob(f"{number}.jpg", "image/jpeg", link=link(key))


def post(*blobs, time=TIME, name="tiktok:post:2023-05-01T12:00:00Z"):
    return Item(name, "post", {"time": time}, blobs)


@pytest.fixture
def put(tmp_path):
    """Give a function that puts files into the folder and opens it."""

    def put(**files):
        for name, body in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        return MediaFolder(tmp_path)

    return put


def test_what_is_no_folder_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="not a folder"):
        MediaFolder(tmp_path / "nowhere")


def test_a_found_file_is_readable_and_digested(put):
    folder = put(**{"2023-05-01T120000Z.mp4": MP4})
    blob = video()
    found = folder.find(blob, post(blob))
    assert (found.name, found.media_type, found.link) == ("1.mp4", "video/mp4", None)
    assert (found.size, found.sha256) == (len(MP4), hashlib.sha256(MP4).hexdigest())
    for _ in range(2):
        with found.open() as body:
            assert body.read() == MP4


def test_a_look_tells_the_size_without_reading_the_file(put):
    folder = put(**{"2023-05-01T120000Z.mp4": MP4})
    blob = video()
    seen = folder.look(blob, post(blob))
    assert (seen.name, seen.media_type, seen.link) == ("1.mp4", "video/mp4", None)
    assert (seen.size, seen.sha256) == (len(MP4), None)
    assert folder.look(blob, post(blob, time="2023-05-01T12:00:01Z")) is None


NAMED_BY_KEY = [
    (KEY, "0123456789abcdef0123456789abcdef.mp4"),
    (KEY, "0123456789ABCDEF0123456789abcdef"),
    (KEY, "deep/below/0123456789abcdef0123456789abcdef.bin"),
]


@pytest.mark.parametrize(("key", "name"), NAMED_BY_KEY)
def test_files_are_found_by_the_object_name(put, key, name):
    blob = video(key)
    assert put(**{name: MP4}).find(blob, post(blob, time="")) is not None


@pytest.mark.parametrize(
    "name", ["0123456789abcdef~tplv-photo_720_720.jpeg", "0123456789ABCDEF~TPLV-PHOTO_720_720.JPG"]
)
def test_characters_that_a_browser_replaced_do_not_matter(put, name):
    blob = photo(1, PHOTO_KEY)
    assert put(**{name: JPEG}).find(blob, post(blob, time="")) is not None


def test_a_short_object_name_names_nothing(put):
    blob = video("/obj/video")
    assert put(**{"video.mp4": MP4}).find(blob, post(blob, time="")) is None


TIMES = [
    "2023-05-01T120000Z",
    "2023-05-01T12-00-00Z",
    "2023-05-01_12-00-00",
    "2023-05-01 12-00-00",
    "2023-05-01 12.00.00 UTC",
    "20230501_120000",
    "20230501120000",
    "TikTok_2023-05-01_12-00-00",
    "1682942400",
    "video-1682942400",
]


@pytest.mark.parametrize("stem", TIMES)
def test_files_are_found_by_the_time_of_the_post(put, stem):
    blob = video()
    assert put(**{f"{stem}.mp4": MP4}).find(blob, post(blob)) is not None


@pytest.mark.parametrize("stem", TIMES)
@pytest.mark.parametrize("suffix", ["_2", "-2", " (2)", "_02"])
def test_photos_are_found_by_time_and_number(put, stem, suffix):
    blobs = photo(1), photo(2)
    folder = put(**{f"{stem}{suffix}.jpg": JPEG})
    assert folder.find(blobs[1], post(*blobs)) is not None
    assert folder.find(blobs[0], post(*blobs)) is None


def test_numbers_that_start_at_zero_are_understood(put):
    blobs = photo(1), photo(2)
    folder = put(**{"1682942400_0.jpg": JPEG + b"first", "1682942400_1.jpg": JPEG + b"second"})
    for blob, end in zip(blobs, (b"first", b"second"), strict=True):
        with folder.find(blob, post(*blobs)).open() as body:
            assert body.read().endswith(end)


def test_files_of_a_bundle_are_found(put):
    folder = put(**{"data/posts/2023/2023-05-01T120000Z/1.mp4": MP4})
    blob = video()
    assert folder.find(blob, post(blob)) is not None


@pytest.mark.parametrize(
    "name",
    [
        "2023-05-01_12-00-01.mp4",
        "2023-13-01_12-00-00.mp4",
        "202305011200001.mp4",
        "7123456789012345678.mp4",
        ".2023-05-01_12-00-00.mp4",
        ".trash/2023-05-01_12-00-00.mp4",
        "1.mp4",
        "unrelated.mp4",
    ],
)
def test_other_names_are_not_taken(put, name):
    blob = video()
    assert put(**{name: MP4}).find(blob, post(blob)) is None


def test_a_file_of_the_wrong_sort_is_not_taken(put):
    folder = put(**{"2023-05-01_12-00-00.mp4": b"<html>expired</html>"})
    blob = video()
    assert folder.find(blob, post(blob)) is None


def test_the_content_says_which_of_two_names_is_meant(put):
    folder = put(**{"1682942400.jpg": JPEG, "1682942400.mp4": MP4})
    blob = video()
    assert folder.find(blob, post(blob)).size == len(MP4)


def test_two_candidates_are_none(put):
    folder = put(**{"a/1682942400.mp4": MP4, "b/1682942400.mp4": MP4 + b"other"})
    blob = video()
    assert folder.find(blob, post(blob)) is None


def test_a_time_that_several_posts_share_names_nothing(put):
    folder = put(**{"1682942400.mp4": MP4})
    blob = video()
    assert folder.find(blob, post(blob, name="tiktok:post:2023-05-01T12:00:00Z#2")) is None


def test_covers_are_not_found_by_time(put):
    folder = put(**{"1682942400.jpg": JPEG})
    cover = Blob("cover.jpg", "image/jpeg", link=link())
    assert folder.find(cover, post(video(), cover)) is None


@pytest.mark.parametrize("time", [None, "", "yesterday", 5])
def test_items_without_a_time_have_no_names_by_time(put, time):
    blob = video()
    assert put(**{"1682942400.mp4": MP4}).find(blob, post(blob, time=time)) is None


def test_the_type_is_that_of_the_content(put):
    blob = photo(1)
    assert put(**{"1682942400.jpg": WEBP}).find(blob, post(blob)).media_type == "image/webp"
