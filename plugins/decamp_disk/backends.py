"""Opens the file system of an address. The only file that knows one from another.

fsspec costs a tenth of a second to import, so only what writes to an address imports this.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import fsspec
from attrs import frozen
from fsspec.callbacks import Callback

from decamp import ConfigError
from decamp.sending import sending
from decamp_disk.remote_failures import remote_explained

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = ["Backend", "changed", "open_backend"]

_PART = 5 << 20
"""Bytes. The smallest part of an upload that S3 takes; twice as much is held in memory."""

_S3 = {"s3", "s3a"}
_FLAT = {*_S3, "memory", "gs", "gcs", "az", "abfs", "abfss", "oss", "oci"}
"""Stores of whole objects: a name with slashes needs no folder, and no object is ever torn."""

_TIMES = ("LastModified", "last_modified", "updated", "modified", "mtime", "last_write_time")
_IN_MEMORY = threading.Lock()
"""Memory is shared by the whole process, so is what guards a look and a write."""


@frozen
class Backend:
    """A file system, and where in it the bundle lies."""

    fs: AbstractFileSystem
    root: str
    """The path of the bundle, as the file system wants it."""
    url: str
    """The same with its protocol."""
    server: str = ""
    """Where it is, if the protocol alone does not say it."""

    @property
    def protocol(self) -> str:
        """The word before the colon."""
        return self.url.partition(":")[0]

    @property
    def title(self) -> str:
        """The place for people, and its identity: one bundle has one."""
        return f"{self.url} at {self.server}" if self.server else self.url

    @property
    def flat(self) -> bool:
        """It has whole objects and no folders."""
        return self.protocol in _FLAT

    def put(self, local: str, path: str, mode: str) -> None:
        """Let a file of this machine appear whole.

        Args:
            local: The file.
            path: Its path in the file system.
            mode: ``create``, or ``overwrite`` what may be there.

        Raises:
            FileExistsError: The mode is ``create`` and the name is taken.
        """
        if self.protocol == "memory":
            # Its put_file would show the file while it grows.
            with open(local, "rb") as file:  # noqa: PTH123
                data = file.read()
            with _IN_MEMORY:
                self.fs.pipe_file(path, data, mode=mode)
        elif self.protocol == "s3":
            # Above two parts it is sent in parts, and appears with the last one.
            self.fs.put_file(local, path, callback=_told(local), mode=mode, chunksize=_PART)
        else:
            self.fs.put_file(local, path, callback=_told(local), mode=mode)

    def sweep(self) -> None:
        """Drop uploads in parts that nobody ends: they are invisible, but stored and paid for."""
        if self.protocol != "s3":
            return
        bucket, _, prefix = self.root.partition("/")
        try:
            uploads = self.fs.list_multipart_uploads(bucket)
        except PermissionError:
            return  # not everyone may list them, and nothing else needs it
        for upload in uploads:
            if upload["Key"].startswith(f"{prefix}/" if prefix else ""):
                self.fs.abort_mpu(bucket, upload["Key"], upload["UploadId"])

    def close(self) -> None:
        """Close the connections."""
        creator = getattr(self.fs, "_s3creator", None)
        if creator is not None:
            self.fs.close_session(self.fs.loop, creator)


def open_backend(url: str, endpoint_url: str = "") -> Backend:
    """Open the file system of an address. Asks no server.

    Args:
        url: ``protocol://path``, checked by `places`.
        endpoint_url: Address of an S3 server that is not Amazon's.

    Raises:
        ConfigError: No such file system, its package is not installed, or an option of
            another one.
    """
    protocol, _, rest = url.partition("://")
    protocol = "s3" if protocol in _S3 else protocol
    if endpoint_url and protocol != "s3":
        raise ConfigError("endpoint_url is only for s3:// addresses.", hint="Leave it out.")
    options: dict[str, Any] = {"skip_instance_cache": True}
    if protocol == "s3":
        options |= _s3_options(endpoint_url)
    try:
        fs, root = fsspec.url_to_fs(f"{protocol}://{rest}", **options)
    except ImportError as error:
        package = "s3fs" if protocol == "s3" else f"what fsspec needs for {protocol}://"
        raise ConfigError(
            f"{protocol}:// needs a package that is not installed.",
            hint=f"pip install {package}, into the environment of decamp.",
        ) from error
    except ValueError as error:
        raise ConfigError(
            f"{protocol}:// is no file system that fsspec knows.",
            hint="Choose a folder, or an address such as s3://bucket/folder.",
        ) from error
    root = root.rstrip("/")
    if protocol != "s3":
        return Backend(fs, root, f"{protocol}://{rest.strip('/') if protocol in _FLAT else rest}")
    fs.retries = 1  # botocore repeats by itself; see `_s3_options`
    with remote_explained(url):
        server = _server(fs.s3.meta.endpoint_url)
    return Backend(fs, root, f"s3://{root}", server)


def changed(info: dict[str, Any]) -> int | None:
    """Tell when a file was changed, by what a listing says, in microseconds since 1970."""
    # Where nothing tells of a change, files are only ever replaced, as in memory.
    value = next((info[key] for key in (*_TIMES, "created") if info.get(key) is not None), None)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        value = (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if not isinstance(value, int | float):
        return None
    if "ETag" in info or "etag" in info:
        # HTTP headers tell whole seconds (RFC 9110 section 5.6.7), listings may tell more.
        value = int(value)
    return round(value * 1_000_000)


def _told(local: str) -> Callback:
    """Make what a file system tells how far it is with sending a file."""
    tell = sending(local)
    return Callback(hooks={"sent": lambda _size, position, **_: tell(position)})


def _s3_options(endpoint_url: str) -> dict[str, Any]:
    return {
        "endpoint_url": endpoint_url or None,
        "use_listings_cache": False,
        # One part at a time: the engine sends several files at once already.
        "max_concurrency": 1,
        "config_kwargs": {
            "connect_timeout": 10,
            "read_timeout": 60,
            # Every request of ours may be repeated: a second create finds the first one.
            "retries": {"mode": "standard", "total_max_attempts": 3},
        },
    }


def _server(endpoint: str) -> str:
    """Name a server that is not Amazon's: buckets of one name are another's there."""
    host = urlsplit(endpoint).hostname or ""
    amazon = host.endswith((".amazonaws.com", ".amazonaws.com.cn"))
    return "" if amazon else endpoint.rstrip("/")
