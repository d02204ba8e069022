"""Imports on request of whoever sends the event: the window, a watcher, a plugin."""

from dataclasses import dataclass, field

from dam.core.events import Event
from dam.core.systems.declaration import listens_for
from dam.core.systems.params import Resource
from dam.core.world import World
from dam.services.import_service import ImportOptions, ImportReport, import_files


@dataclass(frozen=True)
class AssetFileIngestionRequested(Event[ImportReport]):
    """Somebody asks for the import of these paths; the listener answers with a report."""

    paths: tuple[str, ...]
    options: ImportOptions = field(default_factory=ImportOptions)


@listens_for(AssetFileIngestionRequested)
async def ingest_requested_files(
    event: AssetFileIngestionRequested, world: Resource[World]
) -> ImportReport:
    """Import what was asked for, as `add-asset --no-process` does."""
    return await import_files(world, event.paths, event.options)
