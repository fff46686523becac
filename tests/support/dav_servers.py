"""Real WebDAV servers as fixtures: each in its own process, on loopback, once in a session.

One that is not installed lets its tests be skipped and says why; where CI is set that is a
failure, since `.ci/run` installs them all.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from attrs import frozen

import dav_host
from dav_programs import PASSWORD, USER, found

__all__ = ["DIGEST", "KNOWN", "REAL", "STRANGERS", "DavServer", "dav_server", "require"]

KNOWN = ("apache", "rclone", "wsgidav")
"""The real servers that the plugin was written with."""

STRANGERS = ("copyparty", "lighttpd", "nginx", "sabre")
"""Those that it was not written with: no line of the plugin knows them."""

REAL = (*KNOWN, *STRANGERS)

DIGEST = ("apache", "wsgidav")
"""Those that can ask for Digest; the others know Basic alone."""

_HOST = Path(dav_host.__file__)


@frozen
class DavServer:
    """A running server."""

    kind: str
    url: str
    """Of the folder that belongs to `user`, with a slash at its end."""
    files: Path
    """What lies behind `url`, seen from this machine."""
    user: str = USER
    password: str = PASSWORD
    ca: Path | None = None
    """Certificate of the authority behind its own, for TLS."""

    @property
    def auth(self) -> tuple[str, str]:
        return self.user, self.password

    @property
    def basic(self) -> str:
        """Give the `Authorization` of a user who signs in with Basic (RFC 7617)."""
        return f"Basic {base64.b64encode(':'.join(self.auth).encode()).decode()}"

    def place(self) -> str:
        """Give the address of a folder that is not there yet."""
        return f"{self.url}{secrets.token_hex(4)}/"

    def path(self, url: str) -> Path:
        """Tell where on this machine an address below `url` lies."""
        assert url.startswith(self.url)
        return self.files / url[len(self.url) :]


def missing(kind: str) -> str | None:
    """Say why a server cannot be had here; None if it can."""
    return None if found(kind) else f"{kind} is not installed"


def require(kind: str) -> None:
    """Skip a test whose server cannot be had; fail where CI is set."""
    if why := missing(kind):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(why)


@contextmanager
def dav_server(
    kind: str,
    *,
    digest: bool = False,
    tls: bool = False,
    user: str = USER,
    password: str = PASSWORD,
) -> Iterator[DavServer]:
    """Run one of `dav_host.SERVERS`."""
    # Not pytest's folder: Apache gives up being root, and could not reach into it.
    with ExitStack() as stack:
        run = Path(tempfile.mkdtemp(prefix="decamp-dav-"))
        stack.callback(shutil.rmtree, run, ignore_errors=True)
        run.chmod(0o711)
        (run / "files").mkdir()
        ca, certificate = _certificate(run) if tls else (None, None)
        settings = {
            "kind": kind,
            "run": str(run),
            "digest": digest,
            "certificate": certificate and str(certificate),
            "user": user,
            "password": password,
        }
        process = subprocess.Popen(
            [sys.executable, str(_HOST), json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin and process.stdout
        with process, process.stdin, process.stdout:
            port = process.stdout.readline().strip()
            assert port, f"{kind} does not start; see above"
            scheme, path = "https" if tls else "http", "dav"
            if kind == "nextcloud-simulator":
                path = f"remote.php/dav/files/{USER}"
            url = f"{scheme}://127.0.0.1:{port}/{path}/"
            yield DavServer(kind, url, run / "files", user, password, ca)
            process.stdin.close()
            process.wait(60)


def _certificate(run: Path) -> tuple[Path, Path]:
    """Make an authority of our own, and a certificate of it for loopback."""
    import trustme

    authority = trustme.CA()
    ca, certificate = run / "ca.pem", run / "server.pem"
    authority.cert_pem.write_to_path(str(ca))
    authority.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.write_to_path(
        str(certificate)
    )
    return ca, certificate


@pytest.fixture(scope="session")
def dav_servers() -> Iterator[Callable[..., DavServer]]:
    """Give a function that starts a server, or gives the one that was started before."""
    running: dict[tuple[str, bool, bool], DavServer] = {}
    with ExitStack() as stack:

        def server(kind: str, *, digest: bool = False, tls: bool = False) -> DavServer:
            key = (kind, digest, tls)
            if key not in running:
                require(kind)
                running[key] = stack.enter_context(dav_server(kind, digest=digest, tls=tls))
            return running[key]

        yield server


@pytest.fixture(scope="session", params=KNOWN)
def dav(request: pytest.FixtureRequest, dav_servers: Callable[..., DavServer]) -> DavServer:
    """Give each of the servers in turn that the plugin was written with."""
    return dav_servers(request.param)


@pytest.fixture(scope="session", params=REAL)
def any_dav(request: pytest.FixtureRequest, dav_servers: Callable[..., DavServer]) -> DavServer:
    """Give each of the real servers in turn."""
    return dav_servers(request.param)


@pytest.fixture(scope="session")
def apache(dav_servers: Callable[..., DavServer]) -> DavServer:
    """Give Apache's mod_dav, for what need not be tried on every server."""
    return dav_servers("apache")


@pytest.fixture(scope="session")
def nextcloud_simulator(dav_servers: Callable[..., DavServer]) -> DavServer:
    """Give the simulator of Nextcloud's chunked upload: no real Nextcloud can be had here."""
    return dav_servers("nextcloud-simulator")
