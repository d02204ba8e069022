"""Conditions about tags, by name and by words."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, or_, select

from dam.core.database.portions import portions
from dam.core.ecs.components import table_of
from dam.errors import MalformedTagError
from dam.media.folding import WantedWords, words_of
from dam.media.tag_name import parse_tag, tag_key
from dam.media.tag_value import VALUE_TYPES, read_value
from dam.models import EntityTagLinkComponent, TagConceptComponent, TagNameComponent
from dam.services.search_service.compiler.parts import Context, Index, Part, part_of
from dam.services.search_service.compiler.values import compare
from dam.services.search_service.fields import rows_of
from dam.services.search_service.patterns import Pattern, read_pattern
from dam.services.search_service.query.tree import Tagged
from dam.services.search_service.sql import bytewise_key, in_ids, is_plain
from dam.services.tag_service import resolve_tags, tags_below

_links, _names = table_of(EntityTagLinkComponent), table_of(TagNameComponent)
_FEW = 20


async def of_tags(context: Context, conditions: Sequence[Tagged]) -> Part:
    """Return the part for assets that have any of these tags."""
    found: set[int] = set()
    for condition in conditions:
        found |= set(await _ids_of(context, condition))
    names = ", ".join(condition.name for condition in conditions[:_FEW])
    return having(context, found, f"tag:{names}")


async def of_value(context: Context, condition: Tagged) -> Part:
    """Return the part for assets that have a tag with such a value."""
    by_type: dict[str | None, list[int]] = defaultdict(list)
    concepts = table_of(TagConceptComponent).c
    for some in portions(await _ids_of(context, condition)):
        typed = select(concepts.entity_id, concepts.value_type).where(concepts.entity_id.in_(some))
        for tag_id, value_type in (await context.session.execute(typed)).all():
            by_type[value_type].append(tag_id)
    choices = [
        choice
        for value_type, tag_ids in by_type.items()
        if (choice := _with_value(context, condition, value_type, tag_ids)) is not None
    ]
    return part_of(
        rows_of(EntityTagLinkComponent, _links.c.number),
        or_(*choices) if choices else _links.c.tag_entity_id.in_([]),
        what=f"tag:{condition.name}{condition.operator}",
        is_indexed=True,
    )


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


async def _ids_of(context: Context, condition: Tagged) -> Sequence[int]:
    if condition.is_glob:
        pattern = read_pattern(condition.name)
        folded = Pattern(tuple((kind, _key_of(text)) for kind, text in pattern.pieces))
        chosen = select(_names.c.entity_id).where(_names.c.key.like(folded.like, escape="\\"))
        return await tags_below(context.session, list(await context.session.scalars(chosen)))
    try:
        return (await resolve_tags(context.session, condition.name)).below
    except MalformedTagError:  # no tag has such a name
        return ()


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


def parsed_name(text: str) -> str | None:
    """Return the key of a tag's name, or None if the text is no name."""
    try:
        return parse_tag(text).tag.key
    except MalformedTagError:
        return None
