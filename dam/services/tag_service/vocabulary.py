"""Tags by their names: found, or created when they are first used."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, cast

from sqlalchemy import Row, Select, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.config import context_of
from dam.core.database.bulk import Conflict, insert_rows
from dam.core.database.portions import portions
from dam.core.ecs.changes import lock_in_order
from dam.core.ecs.components import ComponentRevision, Entity, EntityId, table_of, upsert
from dam.core.ecs.rows import create_entities, write_rows
from dam.core.read_only import ReadOnly
from dam.errors import UnknownTagError
from dam.media.tag_name import TagName, parse_name
from dam.media.tag_value import ValueType
from dam.models import TagConceptComponent, TagNameComponent, TagParentComponent

RATING = "rating"
"""The tag of which the values are ratings, from 0 to 5."""

_WELL_KNOWN: Mapping[str, ValueType] = {RATING: "integer"}
_NEAR = 5000

HIGHEST = "\U0010ffff"


@dataclass(frozen=True)
class Tag:
    """A tag: its entity, its full name, and the type of its values, if it takes one."""

    entity_id: EntityId
    name: str
    value_type: ValueType | None


async def find_tags(session: ReadOnly[AsyncSession], names: Iterable[TagName]) -> dict[str, Tag]:
    """Return the tags that have these names or aliases, by key; unknown ones are left out."""
    digests = {name.digest: name.key for name in names}
    found: dict[str, Tag] = {}
    for some in portions(list(digests)):
        rows = await session.execute(_tags().where(TagNameComponent.digest.in_(some)))
        for digest, tag in ((row.digest, _tag(row)) for row in rows):
            found[digests[digest]] = tag
    return found


async def require_tag(session: ReadOnly[AsyncSession], text: str) -> Tag:
    """Return the tag that has a name or an alias.

    Raises:
        MalformedTagError: The text is no name.
        UnknownTagError: There is no such tag; the error names similar ones.
    """
    name = parse_name(text)
    found = await find_tags(session, [name])
    if name.key not in found:
        raise UnknownTagError(str(name), await similar_names(session, name))
    return found[name.key]


async def similar_names(session: ReadOnly[AsyncSession], name: TagName) -> list[str]:
    """Return up to three names that were perhaps meant; all have the same first character."""
    key = TagNameComponent.key
    first = name.key[:1]
    like = select(key).where(key >= first, key < first + HIGHEST).limit(_NEAR)
    return get_close_matches(name.key, list(await session.scalars(like)), n=3)


async def tags_below(
    session: ReadOnly[AsyncSession], tag_ids: Collection[EntityId]
) -> tuple[EntityId, ...]:
    """Return these tags and all more special ones, ascending."""
    child, parent = TagParentComponent.entity_id, TagParentComponent.parent_entity_id
    found: set[EntityId] = set()
    for some in portions(sorted(tag_ids)):
        below = select(Entity.id).where(Entity.id.in_(some)).cte("below", recursive=True)
        below = below.union(select(child).join(below, parent == below.c.id))
        found |= set(await session.scalars(select(below.c.id)))
    return tuple(sorted(found))


async def take_tags(
    session: AsyncSession, names: Mapping[TagName, ValueType | None]
) -> dict[str, Tag]:
    """Return the tags of these names by key; create those that there are not yet.

    If another transaction is first, its tag is returned. The caller commits.

    Example: `await take_tags(session, {TagName(None, "cat"): None})`.

    Args:
        session: A session that may write.
        names: The names, each with the type of its values, which a new tag gets.
    """
    found = await find_tags(session, names)
    missing = {name.key: name for name in names if name.key not in found}
    if not missing:
        return found
    ordered = sorted(missing.values(), key=lambda name: name.digest)  # so that none deadlock
    ids = await create_entities(session, len(ordered), now=context_of(session).now())
    created = dict(zip(ordered, ids, strict=True))
    named = [
        {"entity_id": created[name], "key": name.key, "digest": name.digest, "is_alias": False}
        for name in ordered
    ]
    written = await insert_rows(session, table_of(TagNameComponent), named, Conflict(("digest",)))
    now_known = await find_names(session, ordered)
    mine = {name: key for name, key in created.items() if now_known[name.key] == key}
    if written < len(ordered):
        in_vain = sorted(set(created.values()) - set(mine.values()))
        for some in portions(in_vain):
            await session.execute(delete(table_of(Entity)).where(Entity.id.in_(some)))
    concepts = [
        {
            "entity_id": entity_id,
            "namespace": name.namespace,
            "name": name.name,
            "description": None,
            "value_type": _WELL_KNOWN.get(name.key, names[name]),
        }
        for name, entity_id in mine.items()
    ]
    await write_rows(session, TagConceptComponent, concepts, replace=False)
    return found | await find_tags(session, ordered)


async def hold_types(session: AsyncSession, tags: Mapping[str, Tag]) -> dict[str, Tag]:
    """Return tags with the types that they have now, and keep these until the transaction ends."""
    types = await hold_types_of(session, {tag.entity_id for tag in tags.values()})
    return {
        key: replace(tag, value_type=types.get(tag.entity_id, tag.value_type))
        for key, tag in tags.items()
    }


async def hold_types_of(
    session: AsyncSession, tag_ids: Collection[EntityId]
) -> dict[EntityId, ValueType | None]:
    """Return the types of tags by id, and keep these until the transaction ends."""
    concept = TagConceptComponent
    types: dict[EntityId, ValueType | None] = {}
    for some in portions(sorted(tag_ids)):
        held = select(concept.entity_id, concept.value_type).where(concept.entity_id.in_(some))
        rows = await session.execute(held.order_by(concept.entity_id).with_for_update(read=True))
        types |= {tag_id: cast("ValueType | None", value_type) for tag_id, value_type in rows}
    return types


async def hold_tags(session: AsyncSession, tag_ids: Collection[EntityId]) -> None:
    """Wait for the transactions that are giving these tags to entities; let none begin.

    What they have given is there for the statements that follow.
    """
    await lock_in_order(session, sorted(set(tag_ids)))
    concept = TagConceptComponent.entity_id
    held = select(concept).where(concept.in_(tag_ids)).order_by(concept)
    await session.execute(held.with_for_update())


async def find_names(
    session: ReadOnly[AsyncSession], names: Sequence[TagName]
) -> dict[str, EntityId]:
    """Return the tag of each name or alias by key; unknown ones are left out."""
    found: dict[str, EntityId] = {}
    for some in portions([name.digest for name in names]):
        chosen = select(TagNameComponent.key, TagNameComponent.entity_id)
        rows = await session.execute(chosen.where(TagNameComponent.digest.in_(some)))
        found |= dict(rows.all())
    return found


async def lock_vocabulary(session: AsyncSession) -> None:
    """Let no other transaction change names and parents of tags until this one ends."""
    table = table_of(ComponentRevision)
    row = {"table_name": TagNameComponent.__tablename__, "revision": 0}
    first = upsert(session, ComponentRevision).on_conflict_do_nothing()
    await session.execute(first, [row])
    mine = table.c.table_name == row["table_name"]
    raised = update(table).where(mine).values(revision=table.c.revision + 1)
    await session.execute(raised)


def _tags() -> Select[*tuple[Any, ...]]:
    concept = TagConceptComponent
    columns = concept.entity_id, concept.namespace, concept.name, concept.value_type
    names = TagNameComponent
    return select(names.digest, *columns).join(concept, concept.entity_id == names.entity_id)


def _tag(row: Row[*tuple[Any, ...]]) -> Tag:
    return Tag(row.entity_id, str(TagName(row.namespace, row.name)), row.value_type)
