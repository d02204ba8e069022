"""Tags that systems give: what a file or a rule says, anew each time."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, get_args

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.choices import check_choice
from dam.core.database.bulk import insert_rows
from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId, table_of
from dam.core.systems.tag_writer import SystemSource
from dam.errors import TagValueError
from dam.media.tag_name import TagName, TagText
from dam.media.tag_value import ValueType, guess_type
from dam.models import EntityTagLinkComponent as Link
from dam.services.tag_service.tagging import ONCE, value_of
from dam.services.tag_service.vocabulary import hold_types, take_tags


async def say_tags(
    session: AsyncSession,
    tags: Mapping[EntityId, Sequence[TagText]],
    *,
    source: str,
    system: str,
) -> dict[EntityId, TagValueError]:
    """Give tags to entities, in place of those that the same system and source gave them before.

    The caller commits. A tag whose value does not fit is left out.

    Example: `await say_tags(session, {12: [parse_tag("cat")]}, source="file", system="read_tags")`.

    Args:
        session: A session that may write.
        tags: By entity; without a tag, those of before are only taken away.
        source: Where they are from: `file`, `rule` or `importer`.
        system: The name of the system.

    Returns:
        The entities with a tag that was left out, each with the error; but not the
        keywords of files, which have no value.

    Raises:
        ValueError: Systems have no such source.
    """
    check_choice("source", source, get_args(SystemSource))
    types: dict[TagName, ValueType | None] = {}
    for text in (text for texts in tags.values() for text in texts):
        types.setdefault(text.tag, None if text.value is None else guess_type(text.value))
    known = await hold_types(session, await take_tags(session, types))
    keys = {name: name.key for name in types}
    rows: dict[tuple[EntityId, EntityId], dict[str, Any]] = {}
    refused: dict[EntityId, TagValueError] = {}
    for entity_id, texts in tags.items():
        for text in texts:
            tag = known[keys[text.tag]]
            try:
                value = value_of(tag, text)
            except TagValueError as error:
                # A file is not at fault if a person has made its keyword a tag with values.
                if source != "file" or text.value is not None:
                    refused[entity_id] = error
                continue
            rows[entity_id, tag.entity_id] = {
                "entity_id": entity_id,
                "tag_entity_id": tag.entity_id,
                "source": source,
                "system": system,
                "value": value.text if value else None,
                "number": value.number if value else None,
            }
    await _forget(session, tags, rows, source, system)
    await insert_rows(session, table_of(Link), [rows[key] for key in sorted(rows)], ONCE)
    return refused


async def _forget(
    session: AsyncSession,
    entity_ids: Collection[EntityId],
    kept: Collection[tuple[EntityId, EntityId]],
    source: str,
    system: str,
) -> None:
    """Delete the links of a system that it does not repeat."""
    said = select(Link.id, Link.entity_id, Link.tag_entity_id)
    said = said.where(Link.source == source, Link.system == system)
    stale: list[int] = []
    for some in portions(sorted(entity_ids)):
        for link_id, *pair in await session.execute(said.where(Link.entity_id.in_(some))):
            if tuple(pair) not in kept:
                stale.append(link_id)
    for some in portions(sorted(stale)):
        await session.execute(delete(table_of(Link)).where(Link.id.in_(some)))
