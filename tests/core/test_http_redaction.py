from __future__ import annotations

import io
import logging

import pytest

from decamp.redaction import RedactingFilter, RedactingFormatter, redact

SECRETS = [
    "GET https://v.example/storage/a/?a=1&x-tos-signature=CANARY&x-tos-expires=17 HTTP/1.1",
    "https://ada:CANARY@host.example/path",
    "https://ada:CAN@RY-CANARY@host.example/path",
    "https://host.example/#access_token=CANARY",
    "('https://host.example/a?CANARY')",
    "target=b'/storage/v1/a?x-signature=CANARY%3D'",
    "Location: https://host.example/file?sig=CANARY\r\nX: y",
    "[(b'Location', b'https://host.example/file?sig=CANARY')]",
    "Authorization: Bearer CANARY",
    "(b'Authorization', b'Basic CANARY')",
    "{'authorization': 'CANARY'}",
    "Set-Cookie: session=CANARY; Path=/",
    "the server said: bearer CANARYCANARYCANARY expired",
    '{"access_token": "CANARY", "expires_in": 1}',
    "client_secret=CANARY&grant_type=refresh_token",
    "refresh_token='CANARY'",
    "password: CANARY",
    "token act.CANARY12345!5328.e2 was refused",
    "eyJhbGciOiJIUzI1NiJ9.CANARY.CANARY",
]


@pytest.mark.parametrize("text", SECRETS)
def test_secrets_do_not_survive(text):
    assert "CANARY" not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://host.example/storage/v1/a.mp4 answered 403",
        "What next? Run the same command again.",
        "tiktok: 25 posts, 3 tokens of thanks",
        "C:\\Users\\ada\\decamp.log",
        "basic information and bearer of news",
    ],
)
def test_what_is_no_secret_stays(text):
    assert redact(text) == text


def test_the_rest_of_an_address_stays():
    text = "https://ada:pw@v.example:8443/a/b.mp4?sig=x and more"
    assert redact(text) == "https://[redacted]@v.example:8443/a/b.mp4?[redacted] and more"


def _logged(*, formatter=None, filtered=False):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter or logging.Formatter("%(message)s"))
    log = logging.Logger("canary")  # noqa: LOG001 - not shared with other tests
    log.addHandler(handler)
    if filtered:
        log.addFilter(RedactingFilter())
    return log, stream


def test_a_traceback_is_redacted_with_the_message():
    log, stream = _logged(formatter=RedactingFormatter("%(levelname)s %(message)s"))
    try:
        int("https://v.example/a?sig=CANARY")
    except ValueError:
        log.exception("failed: %s", "https://v.example/b?sig=CANARY")
    text = stream.getvalue()
    assert "CANARY" not in text
    assert "Traceback" in text
    assert "https://v.example/a?[redacted]" in text


def test_a_filter_redacts_for_handlers_that_do_not():
    log, stream = _logged(filtered=True)
    log.info("GET %s %d", "https://v.example/b?sig=CANARY", 200)
    assert stream.getvalue() == "GET https://v.example/b?[redacted] 200\n"
