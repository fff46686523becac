"""Runs one WebDAV server on loopback until standard input ends: ``python dav_host.py SETTINGS``.

SETTINGS is a JSON object, see `Settings`. Prints the port once the server answers. Nothing
outlives the tests this way, however they end: the pipe closes, and the server is stopped.
Files lie in ``RUN/files`` and are served at ``/dav/``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import frozen

MODULES = ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/libexec/apache2")
APACHE = ("apache2", "httpd")
USER, PASSWORD, REALM = "ada", "correct horse", "files"
_TRIES = 5
_PATIENCE = 30.0
"""Seconds until a program has to answer."""
_LAST_WORDS = 3.0
"""Seconds in which it may end by itself."""
_MOST_WORDS = 8_000
"""Characters of its output that are shown."""


@frozen
class Settings:
    """What to run."""

    kind: str
    """A name of `SERVERS`."""
    run: Path
    """A folder of this server alone."""
    digest: bool = False
    """Ask for Digest (RFC 7616) instead of Basic."""
    certificate: str | None = None
    """PEM file with key and chain: TLS with it."""
    user: str = USER
    password: str = PASSWORD

    @property
    def files(self) -> Path:
        return self.run / "files"


# --- programs ------------------------------------------------------------------------------


_APACHE_MODULES = (
    "mpm_event",
    "alias",
    "authn_core",
    "authn_file",
    "authz_core",
    "authz_user",
    "auth_basic",
    "auth_digest",
    "dav",
    "dav_fs",
)


def apache_command() -> str | None:
    """Find the server, which is not on everybody's path."""
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
    return next((found for name in APACHE if (found := shutil.which(name, path=path))), None)


def apache(settings: Settings, port: int) -> list[str]:
    """Write a configuration that has nothing in common with the machine's own."""
    run, modules = settings.run, next(path for path in MODULES if Path(path).is_dir())
    names = [*_APACHE_MODULES, *(["ssl"] if settings.certificate else [])]
    names = [name for name in names if Path(modules, f"mod_{name}.so").exists()]
    secret = base64.b64encode(hashlib.sha1(settings.password.encode()).digest()).decode()
    (run / "basic").write_text(f"{settings.user}:{{SHA}}{secret}\n")
    named = f"{settings.user}:{REALM}"
    secret = hashlib.md5(f"{named}:{settings.password}".encode()).hexdigest()
    (run / "digest").write_text(f"{named}:{secret}\n")
    lines = [
        *(f"LoadModule {name}_module {modules}/mod_{name}.so" for name in names),
        f"ServerRoot {run}",
        f"PidFile {run}/pid",
        f"DefaultRuntimeDir {run}",
        f"Mutex file:{run}",
        f"ErrorLog {run}/error.log",
        f"Listen 127.0.0.1:{port}",
        "ServerName 127.0.0.1",
        "KeepAlive On",
        "MaxKeepAliveRequests 0",
        f"DocumentRoot {run}/nothing",
        f"DAVLockDB {run}/locks/db",
        f"Alias /dav {settings.files}",
        f"<Directory {settings.files}>",
        "Dav On",
        f"AuthType {'Digest' if settings.digest else 'Basic'}",
        f"AuthName {REALM}",
        f"AuthUserFile {run}/{'digest' if settings.digest else 'basic'}",
        "Require valid-user",
        "</Directory>",
    ]
    if settings.certificate:
        lines += ["SSLEngine on", f"SSLCertificateFile {settings.certificate}"]
    (run / "nothing").mkdir(exist_ok=True)
    (run / "locks").mkdir(exist_ok=True)
    if os.getuid() == 0:
        lines += ["User www-data", "Group www-data"]
        for folder in (settings.files, run / "locks"):
            shutil.chown(folder, "www-data", "www-data")
    (run / "apache.conf").write_text("\n".join(lines) + "\n")
    return [str(apache_command()), "-f", str(run / "apache.conf"), "-DFOREGROUND"]


def rclone_command() -> str | None:
    """Find rclone: the one beside this Python first, which is the version that we ask for."""
    beside = shutil.which("rclone", path=str(Path(sys.executable).parent))
    return beside or shutil.which("rclone")


def rclone(settings: Settings, port: int) -> list[str]:
    command = [str(rclone_command()), "--config", os.devnull, "serve", "webdav"]
    command += [str(settings.files), "--addr", f"127.0.0.1:{port}", "--baseurl", "/dav"]
    command += ["--user", settings.user, "--pass", settings.password]
    if settings.certificate:
        command += ["--cert", settings.certificate, "--key", settings.certificate]
    return command


def copyparty(settings: Settings, port: int) -> list[str]:
    """Start it as its manual says for an account that may do everything."""
    command = [sys.executable, "-m", "copyparty", "-q", "-i", "127.0.0.1", "-p", str(port)]
    command += ["--usernames", "-a", f"{settings.user}:{settings.password}"]
    return [*command, "-v", f"{settings.files}:/dav:A,{settings.user}"]


# --- in this process -----------------------------------------------------------------------


def wsgidav(settings: Settings, _port: int) -> Any:
    """Make a server that is not yet running."""
    return _cheroot(settings, _wsgidav_app(settings, {"/dav": str(settings.files)}))


def nextcloud_simulator(settings: Settings, _port: int) -> Any:
    """Make WsgiDAV with what Nextcloud adds for large files; nothing else of Nextcloud."""
    from nextcloud_simulator import NextcloudSimulator

    uploads = settings.run / "uploads"
    uploads.mkdir(exist_ok=True)
    files = f"/remote.php/dav/files/{settings.user}"
    app = _wsgidav_app(
        settings,
        {files: str(settings.files), f"/remote.php/dav/uploads/{settings.user}": str(uploads)},
    )
    return _cheroot(settings, NextcloudSimulator(app, settings.user, settings.files, uploads))


def _wsgidav_app(settings: Settings, shares: dict[str, str]) -> Any:
    from wsgidav.wsgidav_app import WsgiDAVApp

    return WsgiDAVApp(
        {
            "provider_mapping": shares,
            "simple_dc": {"user_mapping": {"*": {settings.user: {"password": settings.password}}}},
            "http_authenticator": {
                "accept_basic": not settings.digest,
                "accept_digest": settings.digest,
                "default_to_digest": settings.digest,
            },
            "lock_storage": True,
            "property_manager": True,
            "verbose": 0,
            "logging": {"enable": False},
        }
    )


def _cheroot(settings: Settings, app: Callable[..., Any]) -> Any:
    from cheroot import wsgi
    from cheroot.ssl.builtin import BuiltinSSLAdapter

    server = wsgi.Server(("127.0.0.1", 0), app, numthreads=12, request_queue_size=64)
    if settings.certificate:
        server.ssl_adapter = BuiltinSSLAdapter(settings.certificate, settings.certificate)
    return server


PROGRAMS: dict[str, Callable[[Settings, int], list[str]]] = {
    "apache": apache,
    "rclone": rclone,
    "copyparty": copyparty,
}
"""Servers of their own, started with a port to listen on."""

THREADS: dict[str, Callable[[Settings, int], Any]] = {
    "wsgidav": wsgidav,
    "nextcloud-simulator": nextcloud_simulator,
}
"""Servers that are Python; they choose their port themselves."""

SERVERS = (*PROGRAMS, *THREADS)


def free_port() -> int:
    """Find one. Another program may take it before we do; then there is another try."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait until something listens, or until the process ends."""
    until = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.01)  # the only way to learn that another program listens
        else:
            return process.poll() is None
    return False


def _watch(settings: Settings, process: subprocess.Popen[bytes], ending: threading.Event) -> None:
    """Tell why a server ended before the tests that use it."""
    status = process.wait()
    if not ending.is_set():
        said = Path(settings.run, "output.log").read_text(errors="replace")[-_MOST_WORDS:]
        print(f"{settings.kind} ended with {status}:\n{said}", file=sys.stderr, flush=True)


def _run_program(settings: Settings) -> None:
    for _ in range(_TRIES):
        port = free_port()
        command = PROGRAMS[settings.kind](settings, port)
        with Path(settings.run, "output.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=settings.run,
                env=os.environ | {"HOME": str(settings.run), "XDG_CONFIG_HOME": str(settings.run)},
            )
        try:
            if _answers(port, process):
                print(port, flush=True)
                ending = threading.Event()
                watched = (settings, process, ending)
                threading.Thread(target=_watch, args=watched, daemon=True).start()
                sys.stdin.read()
                ending.set()
                return
        finally:
            process.terminate()
            try:
                process.wait(_LAST_WORDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    print(Path(settings.run, "output.log").read_text(errors="replace"), file=sys.stderr)
    sys.exit(f"{settings.kind} does not start")


def _run_thread(settings: Settings) -> None:
    server = THREADS[settings.kind](settings, 0)
    server.prepare()
    threading.Thread(target=server.serve, daemon=True).start()
    print(server.bind_addr[1], flush=True)
    sys.stdin.read()
    os._exit(0)  # its threads would wait for clients that keep connections open


def main() -> None:
    given = json.loads(sys.argv[1])
    settings = Settings(**given | {"run": Path(given["run"])})
    settings.files.mkdir(exist_ok=True)
    (_run_program if settings.kind in PROGRAMS else _run_thread)(settings)


if __name__ == "__main__":
    main()
