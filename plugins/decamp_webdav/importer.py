"""A bundle on a WebDAV server, as a destination."""

from __future__ import annotations

from collections.abc import Iterator

from decamp import Context, DestinationRefused, ImporterCapabilities, Item, Origin, Preview
from decamp.bundle.writing import BundleImporter
from decamp_webdav.config import CAPABILITIES, Config
from decamp_webdav.findings import Findings, load, save
from decamp_webdav.preview import preview_of
from decamp_webdav.probe import probe, server_of
from decamp_webdav.site import open_site

__all__ = ["DavImporter"]


class DavImporter(BundleImporter):
    """Learns what the server honours before it writes."""

    def __init__(self, context: Context[Config]) -> None:
        self._place, self._dav, self._client = open_site(context)
        self._context = context
        self._known = load(context.state, self._place.identity, None, context.now())
        super().__init__(self._place, CAPABILITIES, context.log, context.scratch)

    def authenticate(self) -> bool:
        """Ask what lies at the address; any folder is fine, and one that is not there yet."""
        url = self._client.address.folder()
        found = self._client.find(url)
        if found is not None and not found.folder:
            raise DestinationRefused(f"{url} is a file, not a folder.", hint="Name its folder.")
        return found is not None

    def begin(self, origin: Origin, token: str) -> ImporterCapabilities:
        """Get ready; on the first use of a server, try out what it honours."""
        self._place.survey()
        self._known = self._learnt()
        self._dav.use(self._known)
        return super().begin(origin, token)

    def preview(self, item: Item) -> Preview:
        """Tell what of it the server has shown that it does not take."""
        return preview_of(item, self._known, self._dav.sizes.refused)

    def probe(self) -> Iterator[tuple[str, str]]:
        """Try out what the server honours, whatever is remembered, and tell it."""
        try:
            findings = self._learnt(anew=True)
        finally:
            self._dav.unmake()
        yield from findings.told()

    def _learnt(self, *, anew: bool = False) -> Findings:
        context, url = self._context, self._place.identity
        self._dav.make("")  # some servers say nothing about a folder that is not there
        server, now = server_of(self._client), context.now()
        known = None if anew else load(context.state, url, server, now)
        if known is not None:
            return known
        context.log.info("%s: trying out what the server honours", url)
        findings = probe(self._client, server, now, self._dav.leftovers)
        save(context.state, findings)
        for what, told in findings.told():
            context.log.info("%s: %s: %s", url, what, told)
        return findings
