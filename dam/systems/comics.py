"""Tries again to import comics from archives that could not be read before."""

from dam.core.ecs.components import ProcessingErrorComponent
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, system
from dam.core.systems.params import MarkedEntityList, Resource
from dam.core.world import World
from dam.models import NeedsComicImportComponent


@system(stage=SystemStage.ASSET_INGESTION, batch_size=4, requires=ProcessingErrorComponent)
async def import_comic(
    archives: MarkedEntityList[NeedsComicImportComponent],
    world: Resource[World],
    commands: Commands,
) -> None:
    """Make each marked archive a comic, if importing it failed before and it is not a comic yet.

    The comics are committed here by `World.run`, not with `commands`: they are many rows of many
    tables, and writing them needs look-ups. So their writes do not depend on the lease: if it was
    lost, another process makes the same comic again, which changes nothing.
    """
    from dam.services.comic_import_service import import_failed_comics  # noqa: PLC0415 - a tenth of each command's start

    for archive, failure in (await import_failed_comics(world, archives)).items():
        commands.fail(archive, failure)
