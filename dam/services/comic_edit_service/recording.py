"""Notes what an edit changes in the facts of a comic, so that it can be undone."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.changes import Recording, Watched, recorded
from dam.core.ecs.components import EntityId
from dam.models import (
    ComicBookConceptComponent,
    ComicBookTermComponent,
    ComicBookVariantComponent,
    ComicInfoElementComponent,
)

_KINDS = (
    ComicBookConceptComponent,
    ComicBookTermComponent,
    ComicBookVariantComponent,
    ComicInfoElementComponent,
)


def facts_recorded(
    session: AsyncSession, entity_ids: Sequence[EntityId]
) -> AbstractAsyncContextManager[Recording]:
    """Note what a block changes in the facts, names and documents of concepts and variants.

    They are locked, in this order.
    """
    watched = [Watched(column=kind.entity_id, ids=entity_ids) for kind in _KINDS]
    what = f"edited the facts of comic {entity_ids[0]}"
    return recorded(session, watched, what=what, locked=entity_ids)
