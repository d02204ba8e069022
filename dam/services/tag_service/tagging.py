"""Gives tags to entities and takes them away; each source changes only what it said itself."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, and_, delete, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.choices import check_choice
from dam.core.database.among import among
from dam.core.database.bulk import Conflict
from dam.core.database.portions import portions
from dam.core.database.values import refuse_text
from dam.core.ecs.changes import Change, Recording, Watched, lock_in_order, recorded
from dam.core.ecs.components import Entity, EntityId, table_of, upsert
from dam.core.read_only import ReadOnly
from dam.errors import ChangedSinceError, NotAnAssetError, TagValueError, UnknownTagError
from dam.media.tag_name import TagName, TagText, parse_tag, tag_key
from dam.media.tag_value import EXPECTED, TagValue, guess_type, read_value
from dam.models import EntityTagLinkComponent as Link
from dam.models import TagConceptComponent
from dam.services import ecs_service
from dam.services.tag_service.vocabulary import (
    RATING,
    Tag,
    find_tags,
    hold_tags,
    hold_types,
    hold_types_of,
    similar_names,
    take_tags,
)

Source = Literal["user", "file", "rule", "importer"]
"""Where a tag is from: a person, the metadata of a file, a rule, another catalogue."""

MAX_RATING = 5
_VALUES_AT_ONCE = 100

ONCE = Conflict(("entity_id", "tag_entity_id", "source", "system"), ("value", "number"))


@dataclass(frozen=True, kw_only=True)
class Tagging:
    """Tags that were given or taken.

    Args:
        changed: The number of entities of which the tags are not as before.
        change: What was changed, for `undo`.
    """

    changed: int
    change: Change


@dataclass(frozen=True, kw_only=True)
class EntityTag:
    """A tag of an entity, and who says so."""

    tag: str
    value: str | None
    source: str
    tag_entity_id: EntityId


async def tag_entities(
    session: AsyncSession,
    entity_ids: Collection[EntityId],
    tags: Sequence[str],
    *,
    source: Source = "user",
) -> Tagging:
    """Give tags to entities; a tag that there is not yet is created. The caller commits.

    A value, as in `rating=5`, replaces the one that the same source gave before. `undo` takes the
    tags from the entities; a tag that was created stays in the vocabulary.

    Example: `await tag_entities(session, [12, 13], ["cat", "artist:moebius", "rating=4"])`.

    Args:
        session: A session that may write.
        entity_ids: The entities.
        tags: As `name`, `namespace:name` or `name=value`.
        source: Who says so.

    Raises:
        EntityNotFoundError: Some entities do not exist.
        NotAnAssetError: One of them is itself a tag.
        MalformedTagError: A text is no tag.
        TagValueError: A value is not of the type of its tag, there is none, or there are two.
        TypeError: `tags` is one text.
    """
    refuse_text(tags=tags)
    check_choice("source", source, get_args(Source))
    await _require_assets(session, entity_ids)
    given = await _read(session, tags)
    ids = sorted(set(entity_ids))
    locked = sorted(tag.entity_id for tag in given)
    mine = [Link.tag_entity_id.in_(locked), Link.source == source]
    async with _noted(session, ids, mine, locked, f"tagging {len(ids)} assets") as recording:
        for tag, value in given.items():
            await _link(session, ids, tag, value, source)
    return Tagging(changed=len(recording.change.entity_ids), change=recording.change)


async def untag_entities(
    session: AsyncSession,
    entity_ids: Collection[EntityId],
    tags: Sequence[str],
    *,
    source: Source = "user",
) -> Tagging:
    """Take tags from entities, as far as this source gave them. The caller commits.

    Of a tag with a value only that value is taken; without one, any.

    Example: `await untag_entities(session, [12, 13], ["cat", "rating"])`.

    Args:
        session: A session that may write.
        entity_ids: The entities.
        tags: As `name`, `namespace:name` or `name=value`.
        source: Whose tags are taken away.

    Raises:
        EntityNotFoundError: Some entities do not exist.
        MalformedTagError: A text is no tag.
        UnknownTagError: There is no such tag.
        TagValueError: A value is not of the type of its tag.
        TypeError: `tags` is one text.
    """
    refuse_text(tags=tags)
    check_choice("source", source, get_args(Source))
    await ecs_service.require_entities(session, entity_ids)
    texts = [parse_tag(tag) for tag in tags]
    known = await find_tags(session, [text.tag for text in texts])
    if missing := next((text.tag for text in texts if text.tag.key not in known), None):
        raise UnknownTagError(str(missing), await similar_names(session, missing))
    ids = sorted(set(entity_ids))
    taken = [(known[text.tag.key], text.value) for text in texts]
    locked = sorted({tag.entity_id for tag, _ in taken})
    mine = [Link.source == source, among(Link.tag_entity_id, locked)]
    async with _noted(session, ids, mine, locked, f"untagging {len(ids)} assets") as recording:
        whole = [tag.entity_id for tag, value in taken if value is None]
        wanted = [among(Link.tag_entity_id, whole)]
        for tag, text in taken:
            if text is not None and (value := _value(tag, text)):
                of_tag = Link.tag_entity_id == tag.entity_id
                wanted.append(and_(of_tag, Link.value == value.text))
        for some in portions(wanted, _VALUES_AT_ONCE):
            links = delete(table_of(Link)).where(among(Link.entity_id, ids))
            await session.execute(links.where(Link.source == source, or_(*some)))
    return Tagging(changed=len(recording.change.entity_ids), change=recording.change)


async def tags_of(
    session: ReadOnly[AsyncSession], entity_ids: Collection[EntityId]
) -> dict[EntityId, list[EntityTag]]:
    """Return the tags of entities, by name; entities without tags are left out."""
    concept = TagConceptComponent
    columns = concept.namespace, concept.name, Link.value, Link.source, Link.tag_entity_id
    found: dict[EntityId, list[EntityTag]] = defaultdict(list)
    for some in portions(sorted(entity_ids)):
        statement = (
            select(Link.entity_id, *columns)
            .join(concept, concept.entity_id == Link.tag_entity_id)
            .where(Link.entity_id.in_(some))
        )
        for entity_id, namespace, name, value, source, tag_id in await session.execute(statement):
            text = str(TagName(namespace, name))
            tag = EntityTag(tag=text, value=value, source=source, tag_entity_id=tag_id)
            found[entity_id].append(tag)
    return {key: sorted(dict.fromkeys(tags), key=_order) for key, tags in found.items()}


async def _link(
    session: AsyncSession, ids: Sequence[EntityId], tag: Tag, value: TagValue | None, source: Source
) -> None:
    """Write the same link for all these entities; the database makes the rows."""
    row = {
        "tag_entity_id": tag.entity_id,
        "source": source,
        "system": "",
        "value": value.text if value else None,
        "number": value.number if value else None,
    }
    columns = table_of(Link).c
    types = {name: columns[name].type for name in row}
    same = (literal(each, types[name]).cast(types[name]) for name, each in row.items())
    rows = select(Entity.id, *same).where(among(Entity.id, ids)).order_by(Entity.id)
    adding = upsert(session, Link).from_select(["entity_id", *row], rows)
    replaced = {name: adding.excluded[name] for name in ONCE.replaced}
    await session.execute(adding.on_conflict_do_update(index_elements=ONCE.columns, set_=replaced))


def _order(tag: EntityTag) -> tuple[str, str, str]:
    return tag.tag, tag.source, tag.value or ""


async def _require_assets(session: AsyncSession, entity_ids: Collection[EntityId]) -> None:
    """Raise unless all these entities exist, and none of them is itself a tag.

    To lock them all would take long. One that is deleted meanwhile gets no tag.
    """
    ecs_service.check_ids(entity_ids)
    there = select(func.count()).select_from(Entity).where(among(Entity.id, entity_ids))
    if (await session.scalar(there) or 0) < len(set(entity_ids)):
        await ecs_service.require_entities(session, entity_ids)
    concept = TagConceptComponent.entity_id
    tag = await session.scalar(select(concept).where(among(concept, entity_ids)).limit(1))
    if tag is not None:
        raise NotAnAssetError(tag)


async def check_values(session: AsyncSession, change: Change) -> None:
    """Raise unless the values of tags that an undone change has put back are of their types.

    Where it has put the type of a tag back, all values of the tag must be of it.

    Raises:
        ChangedSinceError: One is not, because a type was changed since, or values were given.
    """
    of_links = [row.before for row in change.rows if row.table is table_of(Link) and row.before]
    said = {(link["tag_entity_id"], link["value"], link["number"]) for link in of_links}
    typed = [
        row.before["entity_id"]
        for row in change.rows
        if row.table is table_of(TagConceptComponent)
        and row.before is not None
        and (row.after is None or row.before["value_type"] != row.after["value_type"])
    ]
    await hold_tags(session, typed)
    used = select(Link.tag_entity_id, Link.value, Link.number).distinct()
    used = used.where(among(Link.tag_entity_id, typed))
    said |= {(tag_id, text, number) for tag_id, text, number in await session.execute(used)}
    types = await hold_types_of(session, {tag_id for tag_id, _, _ in said})
    for tag_id, text, number in said:
        kind = types.get(tag_id)
        value = None if kind is None or text is None else read_value(text, kind)
        held = (None, None) if value is None else (value.text, value.number)
        if (kind is None) != (text is None) or held != (text, number):
            raise ChangedSinceError(change.what, [tag_id])


async def _read(session: AsyncSession, tags: Sequence[str]) -> Mapping[Tag, TagValue | None]:
    """Return the tags that are meant, with their values; create those that there are not yet."""
    texts = [parse_tag(tag) for tag in tags]
    types = {
        text.tag: None if text.value is None else guess_type(text.value) for text in reversed(texts)
    }
    taken = await take_tags(session, types)
    await lock_in_order(session, sorted({tag.entity_id for tag in taken.values()}))
    known = await hold_types(session, taken)
    meant: dict[Tag, TagValue | None] = {}
    for text in texts:
        tag = known[text.tag.key]
        value = value_of(tag, text)
        first = meant.setdefault(tag, value)
        if first is not None and value is not None and first != value:
            raise TagValueError(tag.name, f"{first.text}, {value.text}", "one value")
    return meant


def value_of(tag: Tag, text: TagText) -> TagValue | None:
    """Return the value that a text gives to its tag, or None if the tag takes none.

    Raises:
        TagValueError: The value is not of the type of the tag, or there is none.
    """
    if text.value is not None:
        return _value(tag, text.value)
    if tag.value_type is not None:
        raise TagValueError(tag.name, None, EXPECTED[tag.value_type])
    return None


def _value(tag: Tag, text: str) -> TagValue | None:
    """Return a value of a tag's type; raise if it is none."""
    if tag.value_type is None:
        raise TagValueError(tag.name, text, None)
    value = read_value(text, tag.value_type)
    if value is None:
        raise TagValueError(tag.name, text, EXPECTED[tag.value_type])
    if tag_key(tag.name) == RATING and not 0 <= (value.number or 0) <= MAX_RATING:
        raise TagValueError(tag.name, text, f"a whole number from 0 to {MAX_RATING}")
    return value


@asynccontextmanager
async def _noted(
    session: AsyncSession,
    ids: Collection[EntityId],
    where: Sequence[ColumnElement[Any]],
    tag_ids: Sequence[EntityId],
    what: str,
) -> AsyncIterator[Recording]:
    """Lock tags, and note what a block changes in their links.

    The entities are not locked: they may be very many, and that takes long.
    """
    await lock_in_order(session, tag_ids)
    watched = [Watched(column=Link.entity_id, ids=ids, where=where)]
    async with recorded(session, watched, what=what, check=check_values, locked=tag_ids) as noted:
        yield noted
