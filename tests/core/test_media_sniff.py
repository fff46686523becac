from __future__ import annotations

import pytest

from decamp.media.sniff import is_text, recognise, renamed, sniff


def ftyp(major, *compatible):
    brands = major + bytes(4) + b"".join(compatible)
    return (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands + b"\0\0\0\x08free"


HEADS = {
    "video/mp4": [ftyp(b"isom", b"avc1"), ftyp(b"mp42"), ftyp(b"M4V "), ftyp(b"dash")],
    "video/quicktime": [ftyp(b"qt  "), b"\0\0\0\x08wide\0\0\0\0mdat", b"\0\0\1\0moov"],
    "video/3gpp": [ftyp(b"3gp5")],
    "video/webm": [b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webmB\x87"],
    "video/x-matroska": [b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x88matroska"],
    "video/mp2t": [(b"G" + bytes(187)) * 2],
    "video/x-msvideo": [b"RIFF\x10\0\0\0AVI LIST"],
    "video/x-flv": [b"FLV\x01\x05"],
    "image/jpeg": [b"\xff\xd8\xff\xe0\0\x10JFIF\0", b"\xff\xd8\xff\xe1..Exif"],
    "image/png": [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"],
    "image/gif": [b"GIF89a\x01\0", b"GIF87a\x01\0"],
    "image/webp": [b"RIFF\x10\0\0\0WEBPVP8 "],
    "image/heic": [ftyp(b"heic"), ftyp(b"mif1", b"heic")],
    "image/avif": [ftyp(b"avif"), ftyp(b"mif1", b"miaf", b"avif")],
    "audio/mpeg": [b"ID3\x04\0", b"\xff\xfb\x90\0"],
    "audio/mp4": [ftyp(b"M4A ")],
    "audio/aac": [b"\xff\xf1\x50\x80"],
    "audio/ogg": [b"OggS\0"],
    "audio/flac": [b"fLaC\0"],
    "audio/wav": [b"RIFF\x10\0\0\0WAVEfmt "],
}


@pytest.mark.parametrize(
    ("head", "media_type"), [(head, kind) for kind, heads in HEADS.items() for head in heads]
)
def test_media_are_known_by_their_first_bytes(head, media_type):
    assert sniff(head) == media_type
    assert recognise(media_type, head) == media_type
    assert not is_text(head)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<!DOCTYPE html><html>",
        b"\xef\xbb\xbf  <?xml version='1.0'?><Error/>",
        b'\r\n{"error": "expired"}',
        b"[1]",
        b"Access denied",
        b"\0" * 600,
        b"PK\x03\x04",
        b"%PDF-1.7",
        b"RIFF",
        b"ftyp",
        b"MZ\x90\0",
        b"\x7fELF",
    ],
)
def test_nothing_else_passes_as_media(head):
    assert sniff(head) is None
    assert recognise("video/mp4", head) is None
    assert recognise("image/jpeg", head) is None


def test_every_prefix_of_a_head_can_be_judged():
    for heads in HEADS.values():
        for head in heads:
            for end in range(len(head)):
                sniff(head[:end])


@pytest.mark.parametrize("declared", ["image/jpeg", "audio/mpeg"])
def test_another_family_than_declared_is_refused(declared):
    assert recognise(declared, HEADS["video/quicktime"][0]) is None


def test_another_type_of_the_family_corrects_the_declared_one():
    assert recognise("image/jpeg", HEADS["image/webp"][0]) == "image/webp"
    assert recognise("video/mp4", HEADS["video/webm"][0]) == "video/webm"


def test_sound_alone_may_come_in_a_container_of_video():
    assert recognise("audio/mpeg", ftyp(b"isom")) == "audio/mp4"


def test_undeclared_media_are_whatever_they_are():
    assert recognise("application/octet-stream", HEADS["image/png"][0]) == "image/png"
    assert recognise("application/pdf", b"%PDF-1.7") == "application/pdf"
    assert recognise("application/octet-stream", b"<html>") is None


@pytest.mark.parametrize(
    ("head", "content_type", "text"),
    [
        (b"", "text/html; charset=utf-8", True),
        (b"", "application/problem+json", True),
        (b"", "Application/XML", True),
        (b"", "image/svg+xml", False),
        (b"", "video/mp4", False),
        (b"", "text/plain", False),
        (b" \n<html", "video/mp4", True),
    ],
)
def test_pages_and_messages_are_text(head, content_type, text):
    assert is_text(head, content_type) is text


@pytest.mark.parametrize(
    ("name", "media_type", "new"),
    [
        ("1.jpg", "image/jpeg", "1.jpg"),
        ("1.JPEG", "image/jpeg", "1.JPEG"),
        ("1.jpeg", "image/webp", "1.webp"),
        ("1.mp4", "video/webm", "1.webm"),
        ("cover", "image/png", "cover.png"),
        ("a.b.jpg", "image/gif", "a.b.gif"),
        ("1.bin", "application/x-unknown", "1.bin"),
    ],
)
def test_extensions_follow_the_content(name, media_type, new):
    assert renamed(name, media_type) == new
