"""Settings, from the environment: a secret on a command line can be read by every process."""

import os
from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen


@frozen(kw_only=True)
class Settings:
    folder: Path
    """All that the service keeps lies below it."""

    url: str
    """Where people and TikTok reach the service: ``https://copies.example.org``."""

    client_key: str
    client_secret: str = field(repr=False)
    former_secret: str = field(default="", repr=False)
    """The one before, while it is changed: webhooks on their way were signed with it."""

    api: str = ""
    """A sandbox instead of TikTok: ``http://127.0.0.1:8017``."""

    @property
    def secrets(self) -> list[str]:
        return [secret for secret in (self.client_secret, self.former_secret) if secret]

    @property
    def redirect_uri(self) -> str:
        return f"{self.url}/callback"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        missing = [name for name in _NEEDED if not environment.get(name)]
        if missing:
            raise SystemExit(f"Set {' and '.join(missing)}; see README.md.")
        return cls(
            folder=Path(environment["SERVICE_FOLDER"]).absolute(),
            url=environment["SERVICE_URL"].rstrip("/"),
            client_key=environment["TIKTOK_CLIENT_KEY"],
            client_secret=environment["TIKTOK_CLIENT_SECRET"],
            former_secret=environment.get("TIKTOK_FORMER_SECRET", ""),
            api=environment.get("TIKTOK_API", ""),
        )


_NEEDED = ("SERVICE_FOLDER", "SERVICE_URL", "TIKTOK_CLIENT_KEY", "TIKTOK_CLIENT_SECRET")
