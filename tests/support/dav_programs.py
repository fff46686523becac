"""WebDAV servers that are programs of their own: how each is found, set up and started."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from attrs import frozen

__all__ = ["PASSWORD", "PROGRAMS", "USER", "Settings", "found", "rclone_command"]

USER, PASSWORD, REALM = "ada", "correct horse", "files"
_SBIN = "/usr/sbin"
_APACHE = ("apache2", "httpd")
_APACHE_FOLDERS = ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/libexec/apache2")
_LIGHTTPD_FOLDERS = ("/usr/lib/lighttpd", "/usr/lib64/lighttpd")
_NGINX_MODULES = tuple(
    f"{folder}/ngx_http_dav_ext_module.so"
    for folder in ("/usr/lib/nginx/modules", "/usr/lib64/nginx/modules")
)
_SABRE = "/usr/share/php/Sabre/autoload.php"
_SABRE_SERVER = Path(__file__).with_name("dav_sabre.php")


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


def _program(*names: str) -> str | None:
    """Find one of some programs; servers are not on everybody's path."""
    path = os.pathsep.join((os.environ.get("PATH", ""), _SBIN))
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def _first(paths: tuple[str, ...]) -> str | None:
    return next((path for path in paths if Path(path).exists()), None)


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


def apache(settings: Settings, port: int) -> list[str]:
    """Write a configuration that has nothing in common with the machine's own."""
    run, modules = settings.run, _first(_APACHE_FOLDERS)
    names = [*_APACHE_MODULES, *(["ssl"] if settings.certificate else [])]
    names = [name for name in names if Path(modules, f"mod_{name}.so").exists()]
    (run / "basic").write_text(_basic_line(settings))
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
    return [str(_program(*_APACHE)), "-f", str(run / "apache.conf"), "-DFOREGROUND"]


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


def lighttpd(settings: Settings, port: int) -> list[str]:
    """Write a configuration; its files have to lie in a document root under the very path."""
    run = settings.run
    for folder in ("root", "uploads"):
        (run / folder).mkdir(exist_ok=True)
    if not (run / "root" / "dav").exists():
        (run / "root" / "dav").symlink_to(settings.files, target_is_directory=True)
    (run / "users").write_text(f"{settings.user}:{settings.password}\n")
    rule = f'"method" => "basic", "realm" => "{REALM}", "require" => "valid-user"'
    lines = [
        'server.modules = ("mod_auth", "mod_authn_file", "mod_webdav")',
        f'server.document-root = "{run}/root"',
        f"server.port = {port}",
        'server.bind = "127.0.0.1"',
        f'server.errorlog = "{run}/error.log"',
        f'server.upload-dirs = ("{run}/uploads")',
        'auth.backend = "plain"',
        f'auth.backend.plain.userfile = "{run}/users"',
        '$HTTP["url"] =~ "^/dav($|/)" {',
        'webdav.activate = "enable"',
        f'auth.require = ("/dav" => ({rule}))',
        "}",
    ]
    (run / "lighttpd.conf").write_text("\n".join(lines) + "\n")
    return [str(_program("lighttpd")), "-D", "-f", str(run / "lighttpd.conf")]


def nginx(settings: Settings, port: int) -> list[str]:
    """Write a configuration with its own module for changes, and the one for PROPFIND."""
    run = settings.run
    (run / "basic").write_text(_basic_line(settings))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    text = f"""
load_module {_first(_NGINX_MODULES)};
daemon off; {"user root;" if os.getuid() == 0 else ""} pid {run}/pid; error_log {run}/error.log;
events {{}}
http {{
  access_log off; client_max_body_size 0;
  {" ".join(f"{kind}_temp_path {run}/{kind};" for kind in kinds)}
  server {{
    listen 127.0.0.1:{port};
    location /dav/ {{
      alias {settings.files}/;
      dav_methods PUT DELETE MKCOL COPY MOVE; dav_ext_methods PROPFIND OPTIONS;
      auth_basic {REALM}; auth_basic_user_file {run}/basic;
    }}
  }}
}}
"""
    (run / "nginx.conf").write_text(text)
    return [str(_program("nginx")), "-c", str(run / "nginx.conf"), "-e", f"{run}/error.log"]


def sabre(settings: Settings, port: int) -> list[str]:
    """Run sabre/dav, on which Nextcloud and ownCloud are built, in the server that PHP brings."""
    where = {"DAV_RUN": settings.run, "DAV_USER": settings.user, "DAV_PASSWORD": settings.password}
    workers = {"PHP_CLI_SERVER_WORKERS": 4, "DAV_SABRE": _SABRE}
    env = [f"{name}={value}" for name, value in {**where, **workers}.items()]
    return ["env", *env, str(_program("php")), "-q", "-S", f"127.0.0.1:{port}", str(_SABRE_SERVER)]


def _basic_line(settings: Settings) -> str:
    """Write a line for Apache's or nginx's file of users."""
    secret = base64.b64encode(hashlib.sha1(settings.password.encode()).digest()).decode()
    return f"{settings.user}:{{SHA}}{secret}\n"


PROGRAMS: dict[str, Callable[[Settings, int], list[str]]] = {
    "apache": apache,
    "rclone": rclone,
    "copyparty": copyparty,
    "lighttpd": lighttpd,
    "nginx": nginx,
    "sabre": sabre,
}
"""Started with a port to listen on."""


def found(kind: str) -> bool:
    """Tell whether a server can be run here."""
    needs: dict[str, Callable[[], object]] = {
        "apache": lambda: _program(*_APACHE) and _first(_APACHE_FOLDERS),
        "rclone": rclone_command,
        "copyparty": lambda: importlib.util.find_spec("copyparty"),
        "lighttpd": lambda: (
            _program("lighttpd")
            and any(Path(folder, "mod_webdav.so").exists() for folder in _LIGHTTPD_FOLDERS)
        ),
        "nginx": lambda: _program("nginx") and _first(_NGINX_MODULES),
        "sabre": lambda: _program("php") and _first((_SABRE,)),
    }
    return bool(needs.get(kind, lambda: importlib.util.find_spec("wsgidav"))())
