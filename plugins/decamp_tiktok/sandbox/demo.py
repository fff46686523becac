"""The sandbox of the archive: a made-up person's download, and the media it links to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from attrs import frozen

from decamp import ConfigError, SandboxSession, ServedSandbox, Simulation
from decamp_tiktok.sandbox.account import Account
from decamp_tiktok.sandbox.archive import write_archive
from decamp_tiktok.sandbox.faults import Fault
from decamp_tiktok.sandbox.options import LINK_LIFETIME, ArchiveOptions
from decamp_tiktok.sandbox.posts import media_path
from decamp_tiktok.sandbox.server import MediaServer
from decamp_tiktok.sandbox.serving import serving

__all__ = ["TikTokSandbox"]

_LOST_POST = 3
"""The post whose medium cannot be had, so that people see what that looks like."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@frozen
class TikTokSandbox:
    """Writes the archive of a made-up person and serves its media.

    Each start in a folder writes the same archive. Only the links differ: in the port, and in
    the time when they expire, four days from now as in a fresh download.
    """

    seed: int = 7
    now: Callable[[], datetime] = _utc_now

    @contextmanager
    def start(self, folder: Path) -> Iterator[SandboxSession]:
        """Run it, with all of its files below the folder.

        Raises:
            ConfigError: The archive cannot be written there.
        """
        with MediaServer(now=self.now) as server:
            options = ArchiveOptions(
                seed=self.seed,
                username="tide.and.toast",
                media_base=server.base,
                links_expire_at=self.now() + LINK_LIFETIME,
            )
            server.faults[media_path(Account(options), _LOST_POST)] = Fault("expired")
            path = folder / f"TikTok_Data_{int(options.exported_at.timestamp())}.zip"
            try:
                folder.mkdir(parents=True, exist_ok=True)
                write_archive(path, options)
            except OSError as error:
                raise ConfigError(
                    f"The made-up archive {path} cannot be written: {error.strerror}.",
                    hint="Choose a folder that you can write to.",
                ) from error
            yield SandboxSession(str(path), allowed=(("127.0.0.1", server.port),))

    def serve(self, wanted: Simulation) -> AbstractContextManager[ServedSandbox]:
        """Serve Login Kit and the Data Portability API on loopback, with the seed wanted.

        Raises:
            ConfigError: A setting is wrong, the port is taken, or a library is missing.
        """
        return serving(wanted)
