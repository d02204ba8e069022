"""Puts the words of assets into the index of search that an older version left without them."""

from dam.core.systems.declaration import SystemStage, system
from dam.core.systems.params import MarkedEntityList, Resource
from dam.core.world import World
from dam.models import NeedsSearchEntryComponent, SearchEntryComponent
from dam.services.search_service import note_search_changes


@system(stage=SystemStage.POST_PROCESSING, batch_size=1000, requires=SearchEntryComponent)
async def index_words(
    assets: MarkedEntityList[NeedsSearchEntryComponent], world: Resource[World]
) -> None:
    """Let the entry of each marked asset be made anew, in a transaction of its own.

    Every transaction brings entries up to date that are noted as changed. So it does no harm if
    the lease was lost.
    """
    await world.run(note_search_changes, assets)
