"""Imports files when an event asks for it; the window, a watcher or a plugin may send it."""

from dataclasses import dataclass, field

from dam.core.events import Event
from dam.core.systems.declaration import listens_for
from dam.core.systems.params import Resource
from dam.core.world import World
from dam.services.import_service import ImportOptions, ImportReport, import_files


@dataclass(frozen=True)
class AssetFileIngestionRequested(Event[ImportReport]):
    """Request to import these paths; the listener answers with a report."""

    paths: tuple[str, ...]
    options: ImportOptions = field(default_factory=ImportOptions)


@listens_for(AssetFileIngestionRequested)
async def ingest_requested_files(
    event: AssetFileIngestionRequested, world: Resource[World]
) -> ImportReport:
    """Import the requested paths, as `add-asset --no-process` does."""
    return await import_files(world, event.paths, event.options)
