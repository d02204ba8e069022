"""Conditions about tags, by name and by words."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.portions import portions
from dam.core.ecs.components import table_of
from dam.errors import MalformedTagError, TagValueError
from dam.media.folding import WantedWords, words_of
from dam.media.tag_name import parse_tag, tag_key
from dam.media.tag_value import EXPECTED, VALUE_TYPES, read_value
from dam.models import (
    EntityTagLinkComponent,
    TagConceptComponent,
    TagNameComponent,
    TagParentComponent,
)
from dam.services.search_service.compiler.parts import Context, Index, KnownTag, Part, part_of
from dam.services.search_service.compiler.values import bounded, compare
from dam.services.search_service.fields import rows_of
from dam.services.search_service.patterns import Pattern, read_pattern
from dam.services.search_service.query.tree import Tagged
from dam.services.search_service.sql import bytewise_key, in_ids, is_plain
from dam.services.tag_service import tags_below

_links, _names = table_of(EntityTagLinkComponent), table_of(TagNameComponent)
_FEW = 20


async def known_tags(
    session: AsyncSession, conditions: Iterable[Tagged]
) -> dict[str, list[KnownTag]]:
    """Return the tags of all names that are no patterns, by key, each with those below it."""
    keys = (parsed_key(each.name) for each in conditions if not each.is_glob)
    digests = {hashlib.sha256(key.encode()).digest(): key for key in keys if key is not None}
    found: dict[str, list[KnownTag]] = defaultdict(list)
    parents, concepts = table_of(TagParentComponent).c, table_of(TagConceptComponent).c
    for some in portions(list(digests)):
        named = select(_names.c.digest, _names.c.entity_id).where(_names.c.digest.in_(some))
        below = named.cte("below", recursive=True)
        children = select(below.c.digest, parents.entity_id).join(
            below, parents.parent_entity_id == below.c.entity_id
        )
        below = below.union(children)
        typed = select(below.c.digest, concepts.entity_id, concepts.value_type).join(
            below, below.c.entity_id == concepts.entity_id
        )
        for digest, *tag in (await session.execute(typed)).all():
            found[digests[digest]].append(KnownTag(*tag))
    return found


async def of_tags(context: Context, conditions: Sequence[Tagged]) -> Part:
    """Return the part for assets that have any of these tags."""
    found = {tag.entity_id for each in conditions for tag in await _tags_of(context, each)}
    names = ", ".join(condition.name for condition in conditions[:_FEW])
    return having(context, found, f"tag:{names}")


async def of_value(context: Context, condition: Tagged) -> Part:
    """Return the part for assets that have a tag with such a value."""
    by_type: dict[str | None, list[int]] = defaultdict(list)
    for tag in await _tags_of(context, condition):
        by_type[tag.value_type].append(tag.entity_id)
    _refuse_value(condition, list(by_type))
    choices = [
        choice
        for value_type, tag_ids in by_type.items()
        if (choice := _with_value(context, condition, value_type, tag_ids)) is not None
    ]
    rows = rows_of(EntityTagLinkComponent, _links.c.number)
    part = part_of(rows, or_(false(), *choices))
    every = [tag_id for tag_ids in by_type.values() for tag_id in tag_ids]
    tagged = having(context, every, f"tag:{condition.name}")
    # To count values, the database would have to read each link.
    return Part(part.condition, tagged.index and replace(tagged.index, is_exact=False))


def _refuse_value(condition: Tagged, types: Sequence[str | None]) -> None:
    """Raise if no tag of the name takes such a value; of a pattern, some may not."""
    kinds = [kind for kind in VALUE_TYPES if kind in types]
    text = condition.value or ""
    if condition.is_glob or not types or any(read_value(text, kind) for kind in kinds):
        return
    expected = " or ".join(EXPECTED[kind] for kind in kinds)
    raise TagValueError(condition.name, text, expected or None)


def _with_value(
    context: Context, condition: Tagged, value_type: str | None, tag_ids: list[int]
) -> ColumnElement[bool] | None:
    kind = next((known for known in VALUE_TYPES if known == value_type), None)
    value = read_value(condition.value or "", kind) if kind else None
    if value is None or condition.operator is None:
        return None
    chosen = in_ids(_links.c.tag_entity_id, tag_ids, is_sqlite=context.is_sqlite)
    if value.number is not None:
        return chosen & compare(_links.c.number, condition.operator, value.number)
    return chosen & compare(bytewise_key(_links.c.value), condition.operator, value.text)


async def _tags_of(context: Context, condition: Tagged) -> Sequence[KnownTag]:
    if not condition.is_glob:
        return context.tags.get(parsed_key(condition.name) or "", ())
    with context.at(condition.span):
        pattern = bounded(read_pattern(condition.name))
    folded = Pattern(tuple((kind, _key_of(text)) for kind, text in pattern.pieces))
    chosen = select(_names.c.entity_id).where(_names.c.key.like(folded.like, escape="\\"))
    ids = await tags_below(context.session, set(await context.session.scalars(chosen)))
    concepts = table_of(TagConceptComponent).c
    known: list[KnownTag] = []
    for some in portions(ids):
        typed = select(concepts.entity_id, concepts.value_type).where(concepts.entity_id.in_(some))
        known += [KnownTag(*row) for row in (await context.session.execute(typed)).all()]
    return known


def _key_of(text: str) -> str:
    """Return a piece of a pattern as keys have it; spaces at its ends stay."""
    key = tag_key(text)
    before = " " if text[:1].isspace() else ""
    after = " " if text[-1:].isspace() and key else ""
    return f"{before}{key}{after}"


def having(context: Context, tag_ids: Collection[int], what: str) -> Part:
    """Return the part for assets that have any of these tags, by id."""
    wanted = in_ids(_links.c.tag_entity_id, tag_ids, is_sqlite=context.is_sqlite)
    rows = rows_of(EntityTagLinkComponent, _links.c.id)
    part = part_of(rows, wanted)
    ids = select(_links.c.entity_id).where(wanted)
    return Part(part.condition, Index(what, (ids,), is_in_order=len(tag_ids) == 1))


async def tags_with_words(context: Context, wanted: Sequence[WantedWords]) -> list[tuple[int, ...]]:
    """Return for each of some wanted words the tags that have it in a name, and those below."""
    read = select(_names.c.entity_id, _names.c.key)
    if len(wanted) <= _FEW:
        # Nearly all names are left out here; those that the database cannot fold are looked at.
        likely = [_names.c.key.contains(each.words[0], autoescape=True) for each in wanted]
        read = read.where(or_(~is_plain(_names.c.key), *likely))
    named = [
        (tag_id, f" {' '.join(words_of(key))} ")
        for tag_id, key in (await context.session.execute(read)).all()
    ]
    found = []
    for each in wanted:
        chosen = {tag_id for tag_id, words in named if each.run in words}
        found.append(await tags_below(context.session, chosen) if chosen else ())
    return found


def parsed_key(text: str) -> str | None:
    """Return the key of a tag's name, or None if no tag has such a name."""
    try:
        return parse_tag(text).tag.key
    except MalformedTagError:
        return None
