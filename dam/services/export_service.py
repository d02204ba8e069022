"""Exports assets: writes their bytes to a folder, under their own file names."""

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.errors import ItemError, NoContentError
from dam.models import FilePropertiesComponent
from dam.services import content_service
from dam.services.file_operations import FileOperationsResource
from dam.services.search_service import (
    Template,
    list_search_fields,
    parse_template,
    read_fields,
)
from dam.services.store_service import tell_missing_store
from dam.storage.contents.export import Exported, ExportFile, ExportFolder

ExportStatus = Literal["exported", "exists", "failed"]

_PAGE = 500


@dataclass(frozen=True, kw_only=True)
class ExportOutcome:
    """The file that an asset was written to, or the error that prevented it.

    Attributes:
        entity_id: The asset.
        path: The file; None if it failed.
        name: The name of the asset. That of the file differs if it was taken, or not safe.
        status: `exists` if a file of this name had the same bytes before.
        error: The class of the error.
        message: What is wrong.
        hint: What to do about it.
    """

    entity_id: EntityId
    path: Path | None = None
    name: str | None = None
    status: ExportStatus = "failed"
    error: str | None = None
    message: str | None = None
    hint: str | None = None


async def export_assets(
    world: World,
    entity_ids: Sequence[EntityId],
    folder: Path,
    on_outcome: Callable[[ExportOutcome], None] | None = None,
    *,
    template: str | None = None,
    is_dry_run: bool = False,
) -> list[ExportOutcome]:
    """Write the bytes of assets to a folder; return one outcome for each asset, in order.

    No file is ever overwritten: if `cat.jpg` exists, the asset becomes `cat (2).jpg`, unless one of
    them has the same bytes already. Every written file has been compared with the asset's SHA-256,
    and has the modification time that the asset's source had when it was added.

    Example: `await export_assets(world, [12, 15], Path("out"), is_dry_run=True)`.

    Args:
        world: The world of the assets.
        entity_ids: The assets to export.
        folder: The target; it is created if it does not exist.
        on_outcome: Called with each outcome as soon as it is known.
        template: How the names of the files are made of fields, such as `{id}.{ext}`; by default
            they are those of the assets. What cannot be in a name, such as `/`, becomes `_`.
        is_dry_run: Return the paths that would be written, and write nothing.

    Raises:
        TemplateSyntaxError, UnknownFieldError: The template cannot be read.
        OutputFolderError: The folder is not writable; the export stops.
        StoreUnusableError, StoreNotThereError: The store cannot be used; the export stops.
    """
    naming = None if template is None else parse_template(template, _field_names())
    exported = ExportFolder(folder, world.resources.get(FileOperationsResource).store)
    stop = threading.Event()
    write = exported.plan if is_dry_run else partial(exported.write, is_stopped=stop.is_set)
    outcomes: list[ExportOutcome] = []
    try:
        for page in portions(entity_ids, _PAGE):
            files = await world.read(_files, page, naming)
            for entity_id in page:
                outcome = await _export(world, write, entity_id, files.get(entity_id))
                outcomes.append(outcome)
                if on_outcome:
                    on_outcome(outcome)
    finally:
        stop.set()  # a thread cannot be cancelled; it checks this between two chunks
        await asyncio.to_thread(exported.archives.close)
    return outcomes


async def _export(
    world: World,
    write: Callable[[ExportFile], Exported],
    entity_id: EntityId,
    file: ExportFile | None,
) -> ExportOutcome:
    name = file.name if file else None
    try:
        if file is None:
            raise NoContentError(entity_id)
        exported = await asyncio.to_thread(write, file)
    except ItemError as error:
        await tell_missing_store(world, error)
        return ExportOutcome(
            entity_id=entity_id,
            name=name,
            error=type(error).__name__,
            message=error.message,
            hint=error.hint,
        )
    status: ExportStatus = "exists" if exported.was_there else "exported"
    return ExportOutcome(entity_id=entity_id, path=exported.path, name=name, status=status)


async def _files(
    session: AsyncSession, entity_ids: Sequence[EntityId], naming: Template | None
) -> dict[EntityId, ExportFile]:
    """Return what to write of each asset; one without a name is named by its SHA-256."""
    contents = await content_service.locate(session, entity_ids)
    times = await content_service.times_of(session, entity_ids)
    file = FilePropertiesComponent
    known = select(file.entity_id, file.name, file.size_bytes).where(file.entity_id.in_(entity_ids))
    facts = {
        row.entity_id: (os.fsdecode(row.name), row.size_bytes)
        for row in await session.execute(known)
    }
    files = {
        entity_id: ExportFile(
            content, *facts.get(entity_id, (content.digest.hex(), 0)), times.get(entity_id)
        )
        for entity_id, content in contents.items()
    }
    if naming is None:
        return files
    rows = await read_fields(session, entity_ids, naming.fields)
    names = {key: naming.render(row) for key, row in zip(entity_ids, rows, strict=True)}
    return {key: file._replace(name=names[key]) for key, file in files.items()}


def _field_names() -> list[str]:
    return [field.name for field in list_search_fields()]
