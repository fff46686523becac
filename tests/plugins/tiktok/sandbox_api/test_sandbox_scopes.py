"""Scopes: what each covers, what uses one up, and how often a copy can be asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from decamp_tiktok.sandbox.service import User
from login_kit import ALL_ONCE, ALL_ONGOING, Client, code_of, opened

HOUR = timedelta(hours=1)
POSTS, ACTIVITY, MESSAGES = (
    "portability.postsandprofile",
    "portability.activity",
    "portability.directmessages",
)


@pytest.mark.parametrize("term", ["single", "ongoing"])
@pytest.mark.parametrize(
    ("category", "scopes"),
    [
        ("activity", {ACTIVITY, "portability.all"}),
        ("video", {POSTS, "portability.all"}),
        ("profile", {POSTS, "portability.all"}),
        ("direct_message", {MESSAGES, "portability.all"}),
        ("all_data", {"portability.all"}),
    ],
)
def test_category_is_accepted_with_its_scopes_alone(client, category, scopes, term):
    for scope in (POSTS, ACTIVITY, MESSAGES, "portability.all"):
        client.sign_in(f"{scope}.{term}")
        answer = client.add(category)
        if scope in scopes:
            assert answer.status_code == 200, scope
        else:
            assert (answer.status_code, code_of(answer)) == (401, "scope_not_authorized"), scope


def test_category_of_two_scopes_needs_both(client):
    client.sign_in(f"{ACTIVITY}.single")
    assert code_of(client.add("activity", "video")) == "scope_not_authorized"
    tokens = client.sign_in(f"{ACTIVITY}.single,{POSTS}.single")
    assert client.add("activity", "video").status_code == 200
    assert client.refresh(tokens["refresh_token"]).json()["scope"] == ""


def test_all_data_wins_over_everything_else_in_the_list(client):
    client.sign_in(f"{ACTIVITY}.single")
    assert code_of(client.add("activity", "all_data")) == "scope_not_authorized"
    client.sign_in(ALL_ONCE)
    document = opened(client.download(client.added("activity", "all_data")))
    assert {"Post", "Direct Message", "Likes and Favorites"} <= document.keys()


def test_single_may_be_used_once_for_each_scope(client):
    client.sign_in(ALL_ONCE)
    client.added()
    answer = client.add()
    assert (answer.status_code, code_of(answer)) == (401, "scope_not_authorized")
    client.sign_in(ALL_ONCE)
    assert client.add().status_code == 200, "another consent, another use"


def test_single_uses_up_the_widest_scope_that_covers_the_request(start):
    client: Client = start(delay=HOUR)
    tokens = client.sign_in(f"{ALL_ONCE},{ACTIVITY}.single")
    client.added("activity", "video")
    assert client.refresh(tokens["refresh_token"]).json()["scope"] == f"{ACTIVITY}.single"
    assert client.add("activity").status_code == 400, "one at a time"
    client.server.advance(hours=1)
    assert client.add("activity").status_code == 200, "without another consent"
    client.server.advance(hours=1)
    assert code_of(client.add("activity")) == "scope_not_authorized"


def test_ongoing_may_be_used_again_and_again(client):
    client.sign_in(ALL_ONGOING)
    assert len({client.added() for _ in range(5)}) == 5


def test_ongoing_is_always_the_full_data_and_from_now(client):
    client.sign_in(ALL_ONGOING)
    before = opened(client.download(client.added()))
    client.server.advance(days=30)
    client.sign_in(ALL_ONGOING)
    after = opened(client.download(client.added()))
    watched = [one["Your Activity"]["Watch History"]["VideoList"] for one in (before, after)]
    assert watched[1][-len(watched[0]) :] == watched[0]
    assert len(watched[1]) > len(watched[0])


def test_ongoing_loses_old_rows_of_a_person_whose_histories_are_trimmed(start):
    person = User(username="a", seed=3, keeps=timedelta(days=180))
    client: Client = start(users=(person,))
    client.sign_in(ALL_ONGOING)
    before = opened(client.download(client.added()))
    client.server.advance(days=30)
    client.sign_in(ALL_ONGOING)
    after = opened(client.download(client.added()))
    first, second = (one["Your Activity"]["Watch History"]["VideoList"] for one in (before, after))
    assert first[-1] not in second
    assert first[0] in second


def test_cancelling_under_ongoing_permits_a_new_request(start):
    client: Client = start(delay=HOUR)
    client.sign_in(ALL_ONGOING)
    request = client.added()
    assert client.add().status_code == 400
    client.cancel(request)
    assert client.add().status_code == 200


def test_one_request_is_open_at_a_time_for_each_person_and_app(start):
    client: Client = start(delay=HOUR)
    client.sign_in(ALL_ONGOING)
    client.added()
    assert code_of(client.add()) == "invalid_params"
    client.sign_in(ALL_ONGOING, user="harbour.lights")
    assert client.add().status_code == 200
