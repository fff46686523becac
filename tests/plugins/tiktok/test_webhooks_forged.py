"""TikTok's webhooks: whatever is not genuine is refused, and never parsed."""

from __future__ import annotations

import hmac
from datetime import timedelta

import pytest

from decamp.webhooks import CopyReady, Notice
from decamp_tiktok.api import webhooks
from decamp_tiktok.api.webhooks import MAX_BYTES, TikTokWebhooks
from tiktok_messages import (
    KEY,
    NOW,
    READY,
    READY_SIGNATURE,
    SECRET,
    SIGNED_AT,
    notice,
    read,
    refused,
    sign,
)


def test_missing_signature() -> None:
    assert "no signature" in refused(read(READY, {}))
    assert "no signature" in refused(read(READY, {"X-Signature": sign(READY)}))


def test_forged_with_another_secret() -> None:
    assert "not TikTok's" in refused(read(READY, {"TikTok-Signature": sign(READY, "guessed")}))


def test_forged_with_no_secret_at_all() -> None:
    assert "not TikTok's" in refused(read(READY, {"TikTok-Signature": sign(READY, "")}))
    for none in ([], [""], [SECRET, ""], SECRET):
        with pytest.raises(ValueError, match="none of them empty"):
            TikTokWebhooks(KEY, none)


@pytest.mark.parametrize("position", range(len(READY)))
def test_tampered_at_any_byte(position: int) -> None:
    changed = bytearray(READY)
    changed[position] ^= 1
    assert "not TikTok's" in refused(read(bytes(changed), {"TikTok-Signature": sign(READY)}))


@pytest.mark.parametrize("body", [READY + b"\n", READY[:-1], b""])
def test_tampered_in_its_length(body: bytes) -> None:
    assert "not TikTok's" in refused(read(body, {"TikTok-Signature": sign(READY)}))


def test_tampered_time() -> None:
    header = sign(READY).replace(f"t={SIGNED_AT}", f"t={SIGNED_AT + 1}")
    assert "not TikTok's" in refused(read(READY, {"TikTok-Signature": header}))


@pytest.mark.parametrize(
    ("seconds", "passes"),
    [(0, True), (300, True), (301, False), (-300, True), (-301, False), (86400 * 365, False)],
)
def test_old_and_future_signatures(seconds: int, *, passes: bool) -> None:
    found = read(READY, now=NOW + timedelta(seconds=seconds))
    if passes:
        assert isinstance(found, Notice)
    else:
        wanted = f"{abs(seconds)} seconds {'old' if seconds > 0 else 'ahead of our clock'}"
        assert refused(found) == f"the signature is {wanted}"


def test_the_window_is_ours_to_choose() -> None:
    wide = TikTokWebhooks(KEY, [SECRET], window=timedelta(hours=72))
    headers = {"TikTok-Signature": sign(READY)}
    assert isinstance(wide.read(headers, READY, NOW + timedelta(hours=71)), Notice)


_HEX = READY_SIGNATURE


@pytest.mark.parametrize(
    "header",
    [
        "",
        ",",
        "=",
        "t=,s=",
        f"t={SIGNED_AT}",
        f"s={_HEX}",
        _HEX,
        f"t={SIGNED_AT};s={_HEX}",
        f"t={SIGNED_AT},s={_HEX[:-1]}",
        f"t={SIGNED_AT},s={_HEX}00",
        f"t={SIGNED_AT},s={_HEX[:-1]}g",
        f"t={SIGNED_AT},s={' '.join(_HEX)[:64]}",
        f"t={SIGNED_AT},s=é{_HEX[1:]}",
        f"t={SIGNED_AT},s=\udcff{_HEX[1:]}",
        f"t={SIGNED_AT},s={_HEX[:-1]}\uff16",  # a digit, and no ASCII
        "t=\uff11\uff16\uff11\uff15\uff13\uff13\uff18\uff16\uff11\uff15,s=" + _HEX,
        f"t=-{SIGNED_AT},s={_HEX}",
        f"t={SIGNED_AT}.0,s={_HEX}",
        f"t={'9' * 5000},s={_HEX}",
        f"t={SIGNED_AT},t={SIGNED_AT},s={_HEX}",
        f"t={SIGNED_AT},s={_HEX},s={_HEX}",
        "t" * 100_000,
        "," * 100_000,
    ],
)
def test_malformed_and_non_ascii_signatures(header: str) -> None:
    assert refused(read(READY, {"TikTok-Signature": header})) == "the signature is malformed"


def test_signed_twice() -> None:
    twice = [("TikTok-Signature", sign(READY)), ("Tiktok-Signature", sign(READY, "guessed"))]
    assert refused(read(READY, twice)) == "it is signed twice"


@pytest.mark.parametrize(
    "header",
    [
        f"t={SIGNED_AT}, s={_HEX}",
        f"s={_HEX},t={SIGNED_AT}",
        f"t={SIGNED_AT},s={_HEX.upper()}",
        f"t={SIGNED_AT},v=2,s={_HEX}",
    ],
)
def test_other_spellings_of_a_right_signature(header: str) -> None:
    assert isinstance(read(READY, {"TikTok-Signature": header}), Notice)


def test_old_and_new_secret_while_it_is_changed() -> None:
    new = {"TikTok-Signature": sign(READY, "the new one")}
    assert isinstance(read(READY, new, secrets=["the new one", SECRET]), Notice)
    assert isinstance(read(READY, secrets=["the new one", SECRET]), Notice)
    assert "not TikTok's" in refused(read(READY, secrets=["the new one"]))


def test_huge_body_is_not_even_hashed() -> None:
    body = b"x" * (MAX_BYTES + 1)
    assert str(len(body)) in refused(read(body, {}), 413)
    padded = READY + b" " * (MAX_BYTES - len(READY))
    assert notice(padded).event == CopyReady("123123123123123")


def test_wrong_client_key_although_the_secret_fits() -> None:
    body = READY.replace(b"developer_client_key", b"another_client_key")
    assert refused(read(body), 403) == "it is for another app"


def test_digests_are_compared_in_constant_time_with_every_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[int] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(len(one) + len(other))
        return len(compared) == 1

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert isinstance(read(READY, secrets=["one", "two", "three"]), Notice)
    assert compared == [64, 64, 64]


def test_a_forged_body_is_never_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(_: object) -> None:
        raise AssertionError("parsed before it was verified")

    monkeypatch.setattr(webhooks, "_object", parse)
    refused(read(READY, {"TikTok-Signature": sign(READY, "guessed")}))
    refused(read(READY, now=NOW + timedelta(days=1)))
