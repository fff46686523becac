"""``decamp connect``, ``connections`` and ``disconnect``, against the sandbox."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from cli_run import Cli
from decamp.home import Home
from decamp.journal import Journal
from decamp.validation import validator
from decamp_tiktok.sandbox.service import Behaviour, SandboxOptions, SandboxServer, example_app
from person import Connecting, visit
from terminal import at_terminal, needs_terminal

ALL = "portability.all.ongoing"
CHATS = "portability.directmessages.ongoing"


@pytest.fixture
def server():
    with SandboxServer(SandboxOptions(seed=5)) as running:
        yield running


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path / "home")


def keys(server, name="TIKTOK", **changes):
    app = server.app
    return {
        f"DECAMP_{name}_CLIENT_KEY": app.key,
        f"DECAMP_{name}_CLIENT_SECRET": app.secret,
        "DECAMP_SECRETS": "file",
    } | changes


def connecting(cli, server, **answer):
    return Connecting(cli, lambda url: [server.sign_in(url, **answer)])


WORDS = ("tiktok", "--permission", "all,messages", "--for", "ongoing")


def consent_page(said):
    """Find the address of the consent page in what was said."""
    [url] = [word for word in said.split() if "/v2/auth/authorize/?" in word]
    return url


def api(server):
    return ("-o", f"api={server.address}")


def other_user(server):
    return server.simulator.options.users[1].username


def connected(cli, server, name="tiktok", *more, **answer):
    words = ("tiktok", name, *WORDS[1:], *api(server), *more)
    ended = connecting(cli, server, **answer)(*words, **keys(server))
    assert ended.code == 0, ended.err
    return ended


def test_a_person_signs_in(cli, server):
    person = connecting(cli, server)
    ended = person(*WORDS, *api(server), "--json", **keys(server))
    assert ended.code == 0, ended.err
    assert "Signed in to TikTok. This connection is called tiktok." in ended.err
    assert "likes, favourites, comments" in " ".join(ended.err.split())
    assert "decamp transfer tiktok: TikTok" in ended.err
    assert "Not granted" not in ended.err
    [entry] = ended.document["connections"]
    assert not validator("connections").problems(ended.document)
    assert (entry["asked"], entry["state"]) == ([ALL, CHATS], "granted")
    assert entry["granted"] == [ALL, CHATS]
    assert entry["options"] == {"api": server.address}
    assert entry["account"]
    [(status, page)] = person.pages
    assert status == 200
    assert "Nearly done" in page
    asked = dict(parse_qsl(urlsplit(person.opened[0]).query))
    assert asked["scope"] == f"{ALL},{CHATS}"
    assert len(asked["code_challenge"]) == 64
    assert asked["redirect_uri"].startswith("http://127.0.0.1:")


def test_what_was_unticked_is_said(cli, server):
    ended = connected(cli, server, "tiktok", "--json", ticked=[CHATS])
    assert "Not granted: Full archive (ongoing). So this will not come: Everything" in ended.err
    assert ended.document["connections"][0]["state"] == "partly"
    ended = cli("connections", DECAMP_SECRETS="file")
    assert "tiktok: not granted, or used up: Full archive (ongoing)." in ended.err


def test_nothing_ticked_is_no_connection(cli, server):
    ended = connecting(cli, server, ticked=[])(*WORDS, *api(server), **keys(server))
    assert ended.code == 5
    assert "Nothing" in ended.err or "did not agree" in ended.err
    assert cli("connections", "--json").document["connections"] == []


def test_a_denied_consent(cli, server):
    person = connecting(cli, server, allow=False)
    ended = person(*WORDS, *api(server), "--json", **keys(server))
    assert ended.code == 5
    assert "You did not agree at TikTok, so nothing was granted." in ended.err
    assert ended.document["error"]["code"] == "access-denied"
    assert "Nothing was granted" in person.pages[0][1]


def test_a_wrong_state_is_refused(cli, server):
    def forged(url):
        parts = urlsplit(server.sign_in(url))
        query = dict(parse_qsl(parts.query)) | {"state": "forged"}
        return [parts._replace(query=urlencode(query)).geturl()]

    ended = Connecting(cli, forged)(*WORDS, *api(server), **keys(server))
    assert ended.code == 5
    assert "its state is another one" in ended.err
    assert server.simulator.faults.calls.get("token") is None


def test_a_second_callback_finds_nobody_who_listens_to_it(cli, server):
    person = Connecting(cli, lambda url: [server.sign_in(url)])
    ended = person(*WORDS, *api(server), **keys(server))
    assert ended.code == 0
    assert server.simulator.faults.calls["token"] == 1


def test_wrong_keys_are_said_and_not_kept(cli, server):
    ended = connecting(cli, server)(
        *WORDS, *api(server), **keys(server, DECAMP_TIKTOK_CLIENT_SECRET="wrong-secret-x")
    )
    assert ended.code == 5
    assert "its key or its secret is wrong" in ended.err
    assert "wrong-secret-x" not in ended.err
    assert not (cli.home / "secrets.json").exists()


def test_a_scope_that_the_app_is_not_approved_for(cli):
    app = example_app(5, scopes=frozenset({ALL}))
    behaviour = Behaviour(unapproved_scope="redirect")
    with SandboxServer(SandboxOptions(apps=(app,), behaviour=behaviour)) as server:
        ended = connecting(cli, server)(*WORDS, *api(server), **keys(server))
    assert ended.code == 5
    assert "refused the whole sign-in" in ended.err
    assert "Ask for permissions that the app was approved for" in ended.err


@pytest.mark.parametrize("status", ["rfc", "200"])
@pytest.mark.parametrize("fault", ["500", "429", "dropped", "lost", "cut", "html"])
def test_a_token_endpoint_in_trouble(cli, fault, status):
    with SandboxServer(SandboxOptions(behaviour=Behaviour(oauth_status=status))) as server:
        server.fail(f"token:{fault}")
        ended = connecting(cli, server)(*WORDS, *api(server), **keys(server))
        assert ended.code == 7
        assert "Next: " in ended.err
        assert connecting(cli, server)(*WORDS, *api(server), **keys(server)).code == 0


def test_the_address_can_be_pasted(cli, server):
    with subprocess.Popen(
        [sys.executable, "-m", "decamp", "connect", *WORDS, *api(server), "--no-browser"],
        env=cli.environment(**keys(server)),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        said = ""
        while "/v2/auth/authorize/?" not in said:
            said = running.stderr.readline()
        running.stdin.write(f"  {server.sign_in(said.strip())}\n")
        running.stdin.close()
        rest = running.stderr.read()
    assert running.returncode == 0, rest
    assert "cannot be reached. That is right" in " ".join(rest.split())


def test_nothing_pasted_is_no_sign_in(cli, server):
    ended = cli("connect", *WORDS, *api(server), "--no-browser", **keys(server))
    assert ended.code == 2
    assert "No address was pasted" in ended.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tiktok",), "Add --permission with one or more of: all, posts, activity, messages."),
        (("tiktok", "-p", "all"), "Add --for once or --for ongoing."),
        (("tiktok", "-p", "likes", "--for", "once"), "Choose among: all, posts, activity"),
        (("tiktok", "-p", "all", "--for", "ever"), "Add --for once or --for ongoing."),
        (("tiktok", "Big Name", "-p", "all", "--for", "once"), "lower-case letters"),
        (("tiktok", "disk", "-p", "all", "--for", "once"), "is the name of a plugin"),
        (("tiktok", "-o", "nonsense=1"), "Its options are"),
        (("tiktok", "-o", "nonsense"), "Write KEY=VALUE"),
        (("tiktok", "-o", "path=x.zip"), "needs no sign-in with these settings"),
        (("tiktok", "-o", "api=http://example.org", *WORDS[1:]), "https alone"),
        (("disk",), "needs no sign-in"),
        (("nothing",), "no source named"),
    ],
)
def test_what_cannot_be_done_is_said_before_a_browser_opens(cli, server, words, said):
    def nobody(url):
        raise AssertionError

    person = Connecting(cli, nobody)
    ended = person(*words, **keys(server))
    assert ended.code == 2
    assert said in ended.err
    assert person.opened == []
    assert not (cli.home / "connections.json").exists()


def test_without_keys_the_variables_are_named(cli, server):
    ended = cli("connect", "tiktok", "work", *WORDS[1:], *api(server), DECAMP_SECRETS="file")
    assert ended.code == 2
    assert "DECAMP_WORK_CLIENT_KEY and DECAMP_WORK_CLIENT_SECRET" in ended.err
    ended = cli("connect", *WORDS, DECAMP_SECRETS="file", DECAMP_TIKTOK_CLIENT_KEY="x")
    assert ended.code == 2
    assert "DECAMP_TIKTOK_CLIENT_SECRET is not" in ended.err


def test_without_a_place_for_secrets_nobody_is_sent_to_a_browser(cli, server):
    ended = cli("connect", *WORDS, *api(server), **keys(server, DECAMP_SECRETS=""))
    assert ended.code == 2
    assert "DECAMP_SECRETS=file" in ended.err


@needs_terminal
def test_keys_and_permissions_are_asked_for(cli, server):
    """At a terminal. The secret is not shown while it is typed."""
    ended = at_terminal(
        cli, "connect", "tiktok", *api(server), "--no-browser", DECAMP_SECRETS="file",
        answers=[
            ("One name or more:", "posts messages"),
            ("[once/ongoing]", "on\nonc"),
            ("Client key", server.app.key),
            ("Client secret", server.app.secret),
            ("paste it here.", lambda said: server.sign_in(consent_page(said))),
        ],
    )  # fmt: skip
    assert ended.code == 0, ended.err
    assert server.app.secret not in ended.err
    assert "No likes, no favourites and no comments" in ended.err
    [entry] = cli("connections", "--json").document["connections"]
    assert entry["granted"] == [
        "portability.directmessages.single",
        "portability.postsandprofile.single",
    ]


# --- afterwards ----------------------------------------------------------------------------


def test_connections_are_listed(cli, server):
    assert "decamp connect tiktok" in cli("connections").err
    connected(cli, server)
    connected(cli, server, "work", user=other_user(server))
    ended = cli("connections", "--json")
    assert [one["name"] for one in ended.document["connections"]] == ["tiktok", "work"]
    assert "Full archive (ongoing), Direct messages (ongoing)" in ended.err
    assert "ends on" not in ended.err
    assert not validator("connections").problems(ended.document)


@pytest.mark.parametrize(
    ("days", "state", "said"), [(20, "ending", "ends on"), (-1, "ended", "has ended, on")]
)
def test_the_end_is_said_a_month_ahead(cli, server, days, state, said):
    connected(cli, server)
    path = cli.home / "connections.json"
    document = json.loads(path.read_text())
    from datetime import UTC, datetime, timedelta

    until = (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    document["connections"][0]["until"] = until
    path.write_text(json.dumps(document))
    ended = cli("connections", "--json")
    assert f"The sign-in tiktok {said} {until[:10]}" in ended.err
    assert "decamp connect tiktok tiktok" in ended.err
    assert ended.document["connections"][0]["state"] == state


@pytest.mark.parametrize("content", ["{", "[]", '{"connections": [{"name": "x"}]}', "\udcff"])
def test_a_damaged_list_is_said_and_left_alone(cli, content):
    cli.home.mkdir(mode=0o700)
    path = cli.home / "connections.json"
    path.write_text(content, errors="surrogateescape")
    ended = cli("connections")
    assert ended.code == 2
    assert "cannot be read" in ended.err
    assert path.read_text(errors="surrogateescape") == content


def test_signing_in_again_renews_it(cli, server):
    connected(cli, server, ticked=[CHATS])
    before = (cli.home / "secrets.json").read_text()
    again = connecting(cli, server)(*WORDS, DECAMP_SECRETS="file")  # keys and api are known
    assert again.code == 0, again.err
    [entry] = cli("connections", "--json").document["connections"]
    assert entry["granted"] == [ALL, CHATS]
    assert entry["options"] == {"api": server.address}
    assert (cli.home / "secrets.json").read_text() != before


def test_another_account_does_not_take_its_place(cli, server):
    connected(cli, server)
    before = (cli.home / "connections.json").read_text()
    ended = connecting(cli, server, user=other_user(server))(*WORDS, DECAMP_SECRETS="file")
    assert ended.code == 2
    assert "is of another account at TikTok" in ended.err
    assert (cli.home / "connections.json").read_text() == before
    assert server.simulator.faults.calls["revoke"] == 1, "what nobody uses is given back"


def test_its_keys_do_not_go_to_another_place(cli, server):
    connected(cli, server)
    with SandboxServer() as other:
        person = connecting(cli, other)
        ended = person(*WORDS, *api(other), DECAMP_SECRETS="file")
        assert ended.code == 2
        assert "was made with other settings" in ended.err
        assert person.opened == []
        assert other.simulator.faults.calls == {}


def test_without_a_browser_the_address_is_shown_even_to_the_quiet(cli, server):
    environment = cli.environment(**keys(server), BROWSER="false %s")
    words = [sys.executable, "-m", "decamp", "connect", *WORDS, *api(server), "--quiet"]
    with subprocess.Popen(
        words, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as running:
        said = running.stderr.readline()
        assert "No browser was found" in said
        url = running.stderr.readline().strip()
        assert visit(server.sign_in(url))[0] == 200
        rest = running.stderr.read()
    assert running.returncode == 0
    assert rest.splitlines() == ["Signed in to TikTok. This connection is called tiktok."]


def test_it_is_taken_back_and_forgotten(cli, server):
    connected(cli, server)
    ended = cli("disconnect", "tiktok", "--json", DECAMP_SECRETS="file")
    assert ended.code == 0, ended.err
    assert ended.document == {
        "name": "tiktok", "plugin": "tiktok", "revoked": "now", "exit_code": 0,
    }  # fmt: skip
    assert not validator("disconnected").problems(ended.document)
    assert "has taken back what was granted" in ended.err
    assert json.loads((cli.home / "secrets.json").read_text()) == {}
    assert cli("connections", "--json").document["connections"] == []
    assert cli("disconnect", "tiktok").code == 2


def test_a_service_that_cannot_be_asked_keeps_the_connection(cli, server):
    connected(cli, server)
    server.fail("revoke:429@1-")
    ended = cli("disconnect", "tiktok", DECAMP_SECRETS="file")
    assert ended.code == 7
    assert "Nothing was taken back, and the connection tiktok stays" in ended.err
    assert "decamp disconnect tiktok --forget" in ended.err
    assert len(cli("connections", "--json").document["connections"]) == 1
    ended = cli("disconnect", "tiktok", "--forget", "--json", DECAMP_SECRETS="file")
    assert ended.code == 0
    assert ended.document["revoked"] == "unknown"
    assert "take the access back on its own pages" in " ".join(ended.err.split())
    assert json.loads((cli.home / "secrets.json").read_text()) == {}


@pytest.mark.parametrize("fault", ["500-done", "lost", "dropped", "500", "html", "cut"])
def test_a_taking_back_in_doubt_is_said_and_settled_by_the_next_one(cli, server, fault):
    connected(cli, server)
    server.fail(f"revoke:{fault}")
    ended = cli("disconnect", "tiktok", DECAMP_SECRETS="file")
    if ended.code != 0:  # half of an empty answer is an empty answer
        assert ended.code == 7
        assert "may have been taken back or not, and the connection tiktok stays" in ended.err
        assert "Nothing was taken back" not in ended.err
        assert "Next: Run it again: if it was taken back, decamp finds that out" in ended.err
        assert cli("disconnect", "tiktok", DECAMP_SECRETS="file").code == 0
    assert cli("connections", "--json").document["connections"] == []


def rotated(cli):
    """Let the app have another secret than the one that decamp has kept."""
    path = cli.home / "secrets.json"
    kept = json.loads(path.read_text())
    pair = json.loads(kept["connection:tiktok:keys"]) | {"secret": "former-secret"}
    path.write_text(json.dumps(kept | {"connection:tiktok:keys": json.dumps(pair)}))


def test_a_secret_that_was_rotated_names_the_way_out(cli, server, tmp_path):
    connected(cli, server)
    rotated(cli)
    server.advance(days=2)
    out = str(tmp_path / "out")
    way = (
        "decamp connect tiktok tiktok, which asks for it; or set the variables "
        "DECAMP_TIKTOK_CLIENT_KEY and DECAMP_TIKTOK_CLIENT_SECRET."
    )
    for words in (("transfer", "tiktok:", out), ("disconnect", "tiktok")):
        ended = cli(*words, DECAMP_SECRETS="file")
        assert ended.code == 5
        assert way in ended.err
        assert "former-secret" not in ended.err
    ended = connecting(cli, server)(*WORDS, DECAMP_SECRETS="file")
    assert ended.code == 5
    assert way in ended.err
    wrong = keys(server, DECAMP_TIKTOK_CLIENT_SECRET="other-secret")
    ended = cli("disconnect", "tiktok", **wrong)
    assert "They come from the variables DECAMP_TIKTOK_CLIENT_KEY" in ended.err
    assert cli("disconnect", "tiktok", **keys(server)).code == 0


@needs_terminal
def test_a_secret_that_was_rotated_is_asked_for_again(cli, server):
    """At a terminal: refused with what was kept, it asks, and goes to the consent page once more."""
    connected(cli, server)
    rotated(cli)
    pasted: list[str] = []

    def paste(said: str) -> str:
        pasted.append(consent_page(said))
        return server.sign_in(pasted[-1])

    ended = at_terminal(
        cli, "connect", *WORDS, "--no-browser", DECAMP_SECRETS="file",
        answers=[
            ("paste it here.", paste),
            ("Client key", lambda _: server.app.key),
            ("Client secret", lambda _: server.app.secret),
            ("paste it here.", paste),
        ],
    )  # fmt: skip
    assert ended.code == 0, ended.err
    assert "decamp had kept both: perhaps there is a new secret." in " ".join(ended.err.split())
    assert pasted[0] != pasted[1]
    assert cli("disconnect", "tiktok", DECAMP_SECRETS="file").code == 0


def test_what_else_ends_is_said_before_it_is_ended(cli, server):
    connected(cli, server)
    connected(cli, server, "work")
    connected(cli, server, "other", user=other_user(server))
    ended = cli("disconnect", "tiktok", DECAMP_SECRETS="file")
    assert ended.code == 2
    assert "work is of the same account and app. The service may end that sign-in too" in ended.err
    assert "other" not in ended.err
    assert "decamp disconnect tiktok --yes" in ended.err
    assert "revoke" not in server.simulator.faults.calls
    assert len(cli("connections", "--json").document["connections"]) == 3
    ended = cli("disconnect", "other", DECAMP_SECRETS="file")
    assert ended.code == 0, ended.err
    ended = cli("disconnect", "tiktok", "--yes", DECAMP_SECRETS="file")
    assert ended.code == 0, ended.err
    assert "work is of the same account" in ended.err


def test_an_open_request_is_said_before_nobody_can_give_it_up(cli, tmp_path):
    options = SandboxOptions(seed=5, delay=timedelta(hours=2))
    with SandboxServer(options) as server:

        def connect() -> None:
            words = ("tiktok", "once", *WORDS[1:], *api(server))
            assert connecting(cli, server)(*words, **keys(server, "ONCE")).code == 0

        connect()
        words = ("transfer", "once:", str(tmp_path / "out"), "--no-wait")
        assert cli(*words, DECAMP_SECRETS="file").code == 10
        ended = cli("disconnect", "once", DECAMP_SECRETS="file")
        assert ended.code == 2
        assert "Request 1, for the copy of once: of 20" in ended.err
        assert "To give it up first: decamp cancel 1" in ended.err
        assert cli("disconnect", "once", "--yes", DECAMP_SECRETS="file").code == 0
        ended = cli("cancel", "--yes", DECAMP_SECRETS="file")
        assert ended.code == 2
        assert "The connection once, by which the copy was asked for, is not there" in ended.err
        assert "Sign in again: decamp connect tiktok once." in ended.err
        connect()
        server.advance(hours=3)
        words = ("transfer", "once:", str(tmp_path / "out"), "--kind", "messages")
        assert cli(*words, DECAMP_SECRETS="file").code == 0
        with closing(Journal.open(Home(cli.home).journal)) as journal:
            journal.set_request(1, "here", "2026-11-25T09:00:00Z")  # as if more were to come
        ended = cli("disconnect", "once", DECAMP_SECRETS="file")
        assert "was downloaded, and not all of it has arrived." in ended.err
        assert cli("cancel", "--yes", DECAMP_SECRETS="file").code == 0
        assert cli("disconnect", "once", DECAMP_SECRETS="file").code == 0


def test_an_app_that_lost_its_secret_cannot_take_it_back(cli, server):
    connected(cli, server)
    ended = cli("disconnect", "tiktok", **keys(server, DECAMP_TIKTOK_CLIENT_SECRET="other"))
    assert ended.code == 5
    assert "Nothing was taken back, and the connection tiktok stays" in ended.err
    assert "its key or its secret is wrong" in ended.err
    assert "--forget" in ended.err
    assert len(cli("connections", "--json").document["connections"]) == 1


def test_a_connection_that_lost_its_tokens_is_only_forgotten(cli, server):
    connected(cli, server)
    (cli.home / "secrets.json").unlink()
    ended = cli("disconnect", "tiktok", "--json", DECAMP_SECRETS="file")
    assert ended.code == 0, ended.err
    assert ended.document["revoked"] == "before"
    assert "revoke" not in server.simulator.faults.calls


def test_purge_keeps_sign_ins_unless_all_goes(cli, server):
    connected(cli, server)
    assert cli("purge", "--yes", DECAMP_SECRETS="file").code == 0
    assert len(cli("connections", "--json").document["connections"]) == 1
    ended = cli("purge", "--all", "--yes", DECAMP_SECRETS="file")
    assert ended.code == 0, ended.err
    assert "first run decamp disconnect" in ended.err
    assert not cli.home.exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_all_files_are_private_under_any_umask(cli, server):
    before = os.umask(0)
    try:
        connected(cli, server)
    finally:
        os.umask(before)
    names = set()
    for path in [cli.home, *cli.home.rglob("*")]:
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
        names.add(path.name)
    assert {"connections.json", "secrets.json"} <= names


def test_no_secret_lies_outside_of_the_place_for_secrets(cli, server):
    """Tokens, codes, the app's secret, verifier and state: in one file, and said nowhere."""
    person = connecting(cli, server)
    ended = person(*WORDS, *api(server), "--json", **keys(server))
    kept = json.loads((cli.home / "secrets.json").read_text())
    pair = json.loads(kept["connection:tiktok:tokens"])
    canaries = {pair["access"], pair["refresh"], server.app.secret}
    server.fail("revoke:500@1-")
    said = ended.err + ended.out + cli("disconnect", "tiktok", DECAMP_SECRETS="file").err
    for path in cli.home.rglob("*"):
        if path.is_file() and path.name != "secrets.json":
            said += path.read_text(errors="replace")
    assert len(canaries) == 3
    assert all(canaries)
    assert not [canary for canary in canaries if canary in said]
