"""The contract: what a plugin declares, and what it implements.

The required part is small: an exporter has `export_pages`, an importer has
`check` and `import_item`. Everything else is an optional protocol that the
engine finds by ``isinstance``, with a correct default where it is missing.

Plugins are synchronous. Retry, pacing, hashing, fetching of links, resuming,
progress, dry run and option parsing belong to the host.
"""

from __future__ import annotations

from decamp.spec.context import (
    CONTRACT_VERSION,
    Context,
    MemorySecrets,
    Secrets,
)
from decamp.spec.exporters import (
    Exporter,
    ExporterSpec,
    Identifies,
    Inspects,
    Requests,
    RequestState,
    RequestStatus,
)
from decamp.spec.importers import (
    Authenticates,
    Batches,
    Begins,
    Budget,
    Closes,
    Delivery,
    Fills,
    Finds,
    Finishes,
    Importer,
    ImporterCapabilities,
    ImporterSpec,
    Knows,
    Previews,
    Probes,
    Removes,
    SignsIn,
    Syncs,
    Updates,
    Verifies,
)
from decamp.spec.sandboxes import (
    Sandbox,
    SandboxSession,
    ServedSandbox,
    Serves,
    Simulation,
)

__all__ = [
    "CONTRACT_VERSION",
    "Authenticates",
    "Batches",
    "Begins",
    "Budget",
    "Closes",
    "Context",
    "Delivery",
    "Exporter",
    "ExporterSpec",
    "Fills",
    "Finds",
    "Finishes",
    "Identifies",
    "Importer",
    "ImporterCapabilities",
    "ImporterSpec",
    "Inspects",
    "Knows",
    "MemorySecrets",
    "Previews",
    "Probes",
    "Removes",
    "RequestState",
    "RequestStatus",
    "Requests",
    "Sandbox",
    "SandboxSession",
    "Secrets",
    "ServedSandbox",
    "Serves",
    "SignsIn",
    "Simulation",
    "Syncs",
    "Updates",
    "Verifies",
]
