"""Reads the sidecars of assets, and marks the assets that do not have what a sidecar says."""

from collections.abc import Collection, Mapping
from functools import partial
from typing import NamedTuple

from dam.core.ecs.components import EntityId
from dam.core.systems.commands import Commands
from dam.core.systems.params import WorldReader
from dam.media.camera.sidecar import SidecarFacts, read_sidecar
from dam.models import NeedsMetadataExtractionComponent
from dam.services import content_service, sidecar_service
from dam.services.file_operations import FileOperationsResource
from dam.storage.contents.located import LocatedContent


class ReadSidecar(NamedTuple):
    """A sidecar of an asset, and what it says, or why its bytes could not be had."""

    entity_id: EntityId
    facts: SidecarFacts | Exception


async def read_sidecars(
    near: sidecar_service.NearSidecars, reader: WorldReader, files: FileOperationsResource
) -> dict[EntityId, ReadSidecar]:
    """Return the sidecar of each asset; those without one that says something are left out.

    Example: `await read_sidecars(near, reader, files)`.

    Args:
        near: The assets with their sidecars, as `find_sidecars` tells.
        reader: Finds the places of the sidecars.
        files: Reads them, in the workers.
    """
    if not near.of_assets:
        return {}
    contents = await reader.run(content_service.locate, set(near.of_assets.values()))
    read = partial(read_sidecar, limits=files.limits)
    answers = await files.each(read, list(contents.values()))
    facts = dict(zip(contents, answers, strict=True))
    return {
        asset: ReadSidecar(sidecar, facts[sidecar])
        for asset, sidecar in near.of_assets.items()
        if sidecar in facts and _says_something(facts[sidecar], near.extensions[asset])
    }


def _says_something(facts: SidecarFacts | Exception, extensions: Collection[str]) -> bool:
    """Tell whether a sidecar says anything for files with one of these extensions.

    None are known of an asset that is not beside its sidecar any more; it was for that one.
    """
    if isinstance(facts, Exception):
        return True
    is_for = facts.extension is None or not extensions or facts.extension in extensions
    return is_for and bool(facts.metadata)


async def refuse_broken(
    sidecars: Mapping[EntityId, LocatedContent],
    files: FileOperationsResource,
    commands: Commands,
) -> None:
    """Fail the files that are sidecars by their names and that cannot be used as such.

    Example: `await refuse_broken({5: contents[5]}, files, commands)`.

    Args:
        sidecars: Those whose own description, by their content, would not find that out.
        files: Reads them, in the workers.
        commands: Takes the failures.
    """
    if not sidecars:
        return
    read = partial(read_sidecar, limits=files.limits)
    answers = await files.each(read, list(sidecars.values()))
    for sidecar, answer in zip(sidecars, answers, strict=True):
        failure = answer if isinstance(answer, Exception) else answer.failure
        if failure is not None:
            commands.fail(sidecar, failure)


async def mark_unread(
    sidecars: Collection[EntityId],
    reader: WorldReader,
    commands: Commands,
    *,
    but: Collection[EntityId],
) -> None:
    """Mark the assets beside sidecars that do not have what these say, to be described anew.

    Example: `await mark_unread([5], reader, commands, but=assets)`.

    Args:
        sidecars: Sidecars that are among the marked assets.
        reader: Finds what is beside them.
        commands: Takes the marks.
        but: Assets that are being described, and read their sidecars themselves.
    """
    if not sidecars:
        return
    for sidecar, asset in await reader.run(sidecar_service.find_unread, sidecars):
        if asset not in but:
            commands.mark(asset, NeedsMetadataExtractionComponent, on_behalf_of=sidecar)
