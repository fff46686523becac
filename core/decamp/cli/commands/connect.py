"""``decamp connect``."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, get_args

import typer

from decamp import assembly, registry
from decamp.auth import OAuth2, Term
from decamp.cli import options
from decamp.cli.command import Command
from decamp.cli.grants import document, show_grant
from decamp.cli.logs import logging_to
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.questions import ask, ask_secret, choose, somebody_there
from decamp.cli.words import command_line
from decamp.connections import Connection, are_set, login_variables, variables_of
from decamp.engine.clock import now
from decamp.errors import ConfigError
from decamp.home import Home
from decamp.logins import Credentials
from decamp.oauth import ClientKeys, Tokens
from decamp.oauth.answers import AppRefused
from decamp.oauth.desktop import sign_in_by_browser, sign_in_by_pasting
from decamp.oauth.endpoint import TokenEndpoint
from decamp.oauth.scopes import scopes_for

app = command_app()

_TERMS = {
    "once": "one copy; for another one you agree again",
    "ongoing": "a new copy whenever you run a transfer, until you disconnect",
}


@app.command(
    cls=Command,
    epilog="Examples:\n\n"
    "  decamp connect tiktok\n"
    "  decamp connect tiktok --permission all --for ongoing\n"
    "  decamp connect tiktok work --permission posts --permission messages --for once\n"
    "  decamp connect tiktok --no-browser\n"
    "  decamp connect webdav:https://cloud.example.org/remote.php/dav/files/me\n"
    "  decamp connect bluesky:alice.bsky.social",
)
def connect(
    plugin: Annotated[
        str,
        typer.Argument(
            metavar="PLUGIN",
            help="The service, like tiktok, webdav:ADDRESS or bluesky:HANDLE.",
            show_default=False,
        ),
    ],
    name: Annotated[
        str,
        typer.Argument(
            metavar="[NAME]",
            help="What to call the connection. The plugin's name if left out.",
            show_default=False,
        ),
    ] = "",
    *,
    permission: Annotated[
        list[str] | None,
        typer.Option(
            "--permission", "-p", metavar="NAME", help="What to ask for. Repeat it, or use commas."
        ),
    ] = None,
    term: Annotated[
        str | None, typer.Option("--for", metavar="TERM", help="For once, or ongoing.")
    ] = None,
    no_browser: Annotated[
        bool,
        typer.Option(
            "--no-browser", help="Use a browser elsewhere, and paste the address it ends at."
        ),
    ] = False,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", metavar="KEY=VALUE", help="A setting of the plugin."),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Sign in to a service, and choose what it may give.

    Your browser opens the service's own consent page. decamp keeps what comes back in the
    system's keyring. The key and secret of an app are asked for, or taken from the variables
    DECAMP_NAME_CLIENT_KEY and DECAMP_NAME_CLIENT_SECRET, where NAME is that of the connection.
    A server with user names and passwords is asked with those: typed unseen, or taken from
    DECAMP_NAME_USER and DECAMP_NAME_PASSWORD, or DECAMP_NAME_TOKEN. An app password, such as
    Bluesky's, is used once and not kept.
    """
    output, home = Output(quiet), Home.find()
    with logging_to(home, output):
        wanted = assembly.draft(plugin, name, option or (), registry=registry.load(), home=home)
        if isinstance(wanted, assembly.LoginDraft):
            connection = _by_login(output, wanted, home)
        elif isinstance(wanted, assembly.PasswordDraft):
            connection = _by_app_password(output, wanted, home)
        else:
            asked = _asked(output, wanted.oauth, wanted.spec.title, permission or (), term)
            way = partial(_by_pasting if no_browser else _by_browser, output)
            connection = _by_consent(output, wanted, home, asked, way)
    if json:
        output.document(document([connection], now()))


# --- a service with a consent page -------------------------------------------------------


def _by_consent(
    output: Output,
    wanted: assembly.Draft,
    home: Home,
    asked: Sequence[str],
    way: Callable[[TokenEndpoint, Sequence[str]], Tokens],
) -> Connection:
    """Sign in on the service's own page; keys that were kept and are refused are asked for anew."""
    title = wanted.spec.title
    keys = wanted.keys or _ask_keys(output, wanted.oauth, title, wanted.name)
    try:
        connection = assembly.connect(wanted, keys, asked, way, home=home)
    except AppRefused as error:
        if wanted.keys is None or are_set(wanted.name) or not somebody_there(output):
            raise
        output.warn(f"{error.message} decamp had kept both: perhaps there is a new secret.")
        keys = _ask_keys(output, wanted.oauth, title, wanted.name)
        connection = assembly.connect(wanted, keys, asked, way, home=home)
    output.final(f"Signed in to {title}. This connection is called {connection.name}.", "bold")
    show_grant(output, connection, wanted.oauth)
    output.say("Now bring your data to a folder:")
    output.command(command_line("decamp", "transfer", f"{connection.name}:", "TikTok"))
    return connection


def _asked(
    output: Output, oauth: OAuth2, title: str, names: Sequence[str], term: str | None
) -> list[str]:
    """Find out what to ask the service for: from the options, else from the person.

    Raises:
        ConfigError: Nobody is there to say.
    """
    chosen = [part for name in names for part in name.replace(",", " ").split()]
    if not chosen or term is None:
        output.say(f"What {title} can give:", "bold")
        output.facts([(one.name, f"{one.title}. {one.brings}") for one in oauth.permissions])
    if not chosen:
        said = ask(output, "What do you want? One name or more:")
        if said is None:
            known = ", ".join(one.name for one in oauth.permissions)
            raise ConfigError(
                f"decamp has to know what to ask {title} for, and nobody is there to answer.",
                hint=f"Add --permission with one or more of: {known}.",
            )
        chosen = said.replace(",", " ").split()
    return list(scopes_for(oauth, chosen, _term(output, term)).values())


def _term(output: Output, said: str | None) -> Term:
    if said is None:
        output.facts(list(_TERMS.items()))
        said = choose(output, "Once, or ongoing?", get_args(Term))
    for term in get_args(Term):
        if said == term:
            known: Term = term
            return known
    raise ConfigError(
        "decamp has to know for how long to ask."
        if said is None
        else f"--for is {said!r}, which decamp does not know.",
        hint="Add --for once or --for ongoing.",
    )


def _ask_keys(output: Output, oauth: OAuth2, title: str, name: str) -> ClientKeys:
    """Ask for the app's key and secret; they never stand on a command line.

    Raises:
        ConfigError: Nobody is there to answer.
    """
    output.say(f"decamp needs the key and the secret of an app at {title}. {oauth.keys}")
    key = ask(output, "Key of the app (Client key):")
    secret = ask_secret(output, "Secret of the app (Client secret), not shown:") if key else None
    if not key or not secret:
        raise ConfigError(
            f"The key and secret of an app at {title} are not known, and nobody is there to answer.",
            hint=f"Set the variables {' and '.join(variables_of(name))}.",
        )
    return ClientKeys(key, secret)


def _by_browser(output: Output, endpoint: TokenEndpoint, scopes: Sequence[str]) -> Tokens:
    def show(url: str) -> None:
        import webbrowser

        output.say(f"Your browser opens a page of {endpoint.title}. If it does not, open it here:")
        output.command(url)
        if not webbrowser.open(url):
            output.final(
                "No browser was found. Open the page yourself, in a browser on this machine; or "
                "press Ctrl-C, and use --no-browser.",
                "yellow",
            )
            _show_address(output, url)
        output.say("decamp waits for the browser to come back. Ctrl-C ends it.")

    return sign_in_by_browser(endpoint, scopes, show, threading.Event())


def _by_pasting(output: Output, endpoint: TokenEndpoint, scopes: Sequence[str]) -> Tokens:
    def show(url: str) -> str:
        output.final("Open this address in any browser, and agree:")
        _show_address(output, url)
        output.final(
            "At the end the browser shows that a page at 127.0.0.1 cannot be reached. That is "
            "right: copy the whole address of it, and paste it here."
        )
        line = sys.stdin.readline() if sys.stdin else ""
        if not line.strip():
            raise ConfigError(
                "No address was pasted, so nobody is signed in.", hint="Begin the sign-in again."
            )
        return line.strip()

    return sign_in_by_pasting(endpoint, scopes, show)


def _show_address(output: Output, url: str) -> None:
    """Show an address on a line of its own, never broken and also with ``--quiet``."""
    output.console.print(url, soft_wrap=True)


# --- a server with user names and passwords ----------------------------------------------


def _by_login(output: Output, wanted: assembly.LoginDraft, home: Home) -> Connection:
    accepted = assembly.connect_login(wanted, wanted.known or _ask_login(output, wanted), home=home)
    name, origin = accepted.connection.name, wanted.login.origin
    url = wanted.login.url.rstrip("/")
    signed = f"Signed in at {origin}. " if accepted.asked else ""
    output.final(f"{signed}This connection is called {name}.", "bold")
    if not accepted.asked:
        output.warn(
            f"{origin} did not ask who you are, so whether it accepts what you typed will show "
            "when something is written."
        )
    if not accepted.there:
        output.warn(
            f"There is nothing at {url} yet; a transfer makes the folders that are missing."
        )
    output.say("Now bring your data there:")
    output.command(command_line("decamp", "transfer", "TikTok_Data.zip", f"{name}:{url}/TikTok"))
    return accepted.connection


def _ask_login(output: Output, wanted: assembly.LoginDraft) -> Credentials:
    """Ask for a user name and password, or a token; they never stand on a command line.

    Raises:
        ConfigError: Nobody is there to answer.
    """
    output.say(f"Sign in at {wanted.login.origin}. {wanted.login.keys}")
    user = ask(output, "User name, or the word token if you have one:")
    is_token = user is not None and user.lower() == "token"
    secret = (
        ask_secret(output, f"{'Token' if is_token else 'Password'}, not shown:") if user else ""
    )
    if not user or not secret:
        first, second, third = login_variables(wanted.name)
        raise ConfigError(
            f"The user name and password for {wanted.login.origin} are not known, and nobody is "
            "there to answer.",
            hint=f"Set the variables {first} and {second}, or {third}.",
        )
    return Credentials(token=secret) if is_token else Credentials(user, secret)


# --- an app password ---------------------------------------------------------------------


def _by_app_password(output: Output, wanted: assembly.PasswordDraft, home: Home) -> Connection:
    connection = assembly.connect_by_password(
        wanted, wanted.known or _ask_password(output, wanted), home=home
    )
    account, title = wanted.auth.account, wanted.spec.title
    output.final(
        f"Signed in to {title} as {account}. This connection is called {connection.name}.", "bold"
    )
    output.say("See first what will not survive there, then bring it:")
    for command in ("plan", "transfer"):
        output.command(command_line("decamp", command, "TikTok_Data.zip", f"{connection.name}:"))
    return connection


def _ask_password(output: Output, wanted: assembly.PasswordDraft) -> str:
    """Ask for an app password; it never stands on a command line.

    Raises:
        ConfigError: Nobody is there to answer.
    """
    output.say(f"Sign in to {wanted.spec.title} as {wanted.auth.account}. {wanted.auth.keys}")
    password = ask_secret(output, "App password, not shown:")
    if not password:
        raise ConfigError(
            f"The app password of {wanted.auth.account} is not known, and nobody is there to answer.",
            hint=f"Set the variable {wanted.variable}.",
        )
    return password
