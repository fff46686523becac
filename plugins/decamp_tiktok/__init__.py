"""TikTok as a source: its API, and the archive that "Download your data" gives anyone.

Importing this module does no work; the reader is loaded when an exporter is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from decamp import Context, Exporter, ExporterSpec, OAuth2, Sandbox, hookimpl
from decamp.webhooks import Webhooks
from decamp_tiktok.config import Config

__all__ = ["Config", "decamp_exporters"]

OMITS = (
    "drafts and stories",
    "what others wrote under your posts",
    "photos, videos and voice sent in messages",
    "how often your posts were watched, commented and shared",
    "watch and login history older than TikTok keeps it",
    "other people's videos that you liked or saved, only the links to them",
)
"""What the archive never holds, by what was seen in exports of 2021 to 2026."""


@hookimpl
def decamp_exporters() -> Iterable[ExporterSpec[Any]]:
    """Declare the exporter."""
    return [
        ExporterSpec(
            name="tiktok",
            title="TikTok",
            config=Config,
            create=_create,
            kinds=frozenset({"profile", "post", "conversation", "message", "event", "section"}),
            omits=OMITS,
            recognises=_recognises,
            takes_paths=True,
            auth=_auth,
            request_id=_request_id,
            webhooks=_webhooks,
            sandbox=_sandbox,
        )
    ]


def _create(context: Context[Config]) -> Exporter:
    if context.config.path is None:
        from decamp_tiktok.api.exporter import ApiExporter

        return ApiExporter(context)
    from decamp_tiktok.archive.exporter import ArchiveExporter

    return ArchiveExporter(context)


def _auth(config: Config) -> OAuth2 | None:
    if config.path is not None:  # spares archives the modules of the API
        return None
    from decamp_tiktok.api.login import login_kit

    return login_kit(config)


def _recognises(path: Path) -> bool:
    from decamp_tiktok.archive.container import looks_like_export

    return looks_like_export(path)


def _request_id(text: str) -> str:
    from decamp_tiktok.api.client import read_request_id

    return read_request_id(text)


def _webhooks(client_key: str, secrets: Sequence[str]) -> Webhooks:
    from decamp_tiktok.api.webhooks import TikTokWebhooks

    return TikTokWebhooks(client_key, secrets)


def _sandbox() -> Sandbox:
    from decamp_tiktok.sandbox import TikTokSandbox

    return TikTokSandbox()
