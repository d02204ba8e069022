"""Offers what a query that is being written may go on with."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import ProcessingErrorComponent
from dam.core.read_only import ReadOnly
from dam.media.tag_name import TagName, tag_key
from dam.models import FilePropertiesComponent, SavedQuery, TagConceptComponent, TagNameComponent
from dam.services.ecs_service import shown
from dam.services.search_service.query.completing import (
    Completion,
    QueryPart,
    complete_part,
    query_part,
)

_MOST = 100
_NEWEST = 5000
_HIGHEST = "\U0010ffff"


async def complete_query(
    session: ReadOnly[AsyncSession], text: str, position: int
) -> list[Completion]:
    """Return what the part of a query at a position may become, at most 100 completions.

    Fields, components, and values that are words of the program come from the program. Tags, saved
    queries, and systems with open failures come from the world, and so do extensions and media
    types: those of the newest 5,000 assets. What only hidden assets have is left out; tags are
    offered whether or not they are used. For a word, tags are offered, too.

    Example: `await complete_query(session, "type:im", 7)` returns
    `[Completion("image", start=5, end=7, kind="value")]`.

    Args:
        session: Only read.
        text: The query.
        position: Where the next character would be written, counted from 0.
    """
    part = query_part(text, position)
    return complete_part(part, await _look_up(session, part)) if part else []


async def _look_up(session: AsyncSession, part: QueryPart) -> Sequence[str]:
    file, error = FilePropertiesComponent, ProcessingErrorComponent
    newest = (
        select(file).where(shown(file.entity_id)).order_by(file.entity_id.desc()).limit(_NEWEST)
    )
    match part.look_up:
        case None:
            return ()
        case "tag":
            return await _tags(session, part.prefix)
        case "saved":
            statement = select(SavedQuery.name)
        case "ext":
            statement = newest.with_only_columns(file.name_text)
        case "media_type":
            statement = newest.with_only_columns(func.coalesce(file.media_type, ""))
        case "system":
            is_open = error.dismissed_at.is_(None)
            statement = select(error.system).where(is_open, shown(error.entity_id)).distinct()
    return (await session.scalars(statement)).all()


async def _tags(session: AsyncSession, prefix: str) -> list[str]:
    """Return names of tags and aliases that begin so; tags in their own spelling."""
    name, concept, key = TagNameComponent, TagConceptComponent, tag_key(prefix)
    statement = (
        select(name.key, name.is_alias, concept.namespace, concept.name)
        .join(concept, concept.entity_id == name.entity_id)
        .where(name.key >= key, name.key < key + _HIGHEST)
        .order_by(name.key)
        .limit(_MOST)
    )
    rows = await session.execute(statement)
    return [alias if is_alias else str(TagName(space, own)) for alias, is_alias, space, own in rows]
