"""Conditions about tags, by name and by words."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, false, or_, select

from dam.core.database.among import among
from dam.core.ecs.components import table_of
from dam.errors import TagValueError
from dam.media.tag_name import tag_key
from dam.media.tag_value import EXPECTED, VALUE_TYPES, read_value
from dam.models import EntityTagLinkComponent, TagConceptComponent, TagNameComponent
from dam.services.search_service.compiler.parts import Context, Index, Joinable, Part, part_of
from dam.services.search_service.compiler.values import bounded, bounded_like, compare
from dam.services.search_service.compiler.vocabulary import KnownTag, parsed_key
from dam.services.search_service.fields import rows_of
from dam.services.search_service.patterns import Pattern, read_pattern
from dam.services.search_service.query.tree import Tagged
from dam.services.search_service.sql import bytewise_key
from dam.services.tag_service import tags_below

_links, _names = table_of(EntityTagLinkComponent), table_of(TagNameComponent)
_FEW = 20


async def of_tags(context: Context, conditions: Sequence[Tagged]) -> Part:
    """Return the part for assets that have any of these tags."""
    found = [tag for each in conditions for tag in await _tags_of(context, each)]
    names = ", ".join(condition.name for condition in conditions[:_FEW])
    return having({tag.entity_id for tag in found}, f"tag:{names}", _uses(found))


async def of_value(context: Context, condition: Tagged) -> Part:
    """Return the part for assets that have a tag with such a value."""
    by_type: dict[str | None, list[int]] = defaultdict(list)
    tags = await _tags_of(context, condition)
    for tag in tags:
        by_type[tag.value_type].append(tag.entity_id)
    _refuse_value(condition, list(by_type))
    choices = [
        choice
        for value_type, tag_ids in by_type.items()
        if (choice := _with_value(condition, value_type, tag_ids)) is not None
    ]
    rows = rows_of(EntityTagLinkComponent, _links.c.number)
    has_value = or_(false(), *choices)
    part = part_of(rows, has_value)
    what = f"tag:{condition.name}"
    joinable = Joinable(what, rows, [has_value]) if len(tags) == 1 else None
    every = [tag_id for tag_ids in by_type.values() for tag_id in tag_ids]
    tagged = having(every, what, _uses(tags))
    # To count values, the database would have to read each link.
    exact = select(_links.c.entity_id).where(has_value)
    index = tagged.index and replace(tagged.index, is_exact=False, exact=(exact,))
    return Part(part.condition, index, joinable)


def _refuse_value(condition: Tagged, types: Sequence[str | None]) -> None:
    """Raise if no tag of the name takes such a value; of a pattern, some may not."""
    kinds = [kind for kind in VALUE_TYPES if kind in types]
    text = condition.value or ""
    if condition.is_glob or not types or any(read_value(text, kind) for kind in kinds):
        return
    expected = " or ".join(EXPECTED[kind] for kind in kinds)
    raise TagValueError(condition.name, text, expected or None)


def _with_value(
    condition: Tagged, value_type: str | None, tag_ids: list[int]
) -> ColumnElement[bool] | None:
    kind = next((known for known in VALUE_TYPES if known == value_type), None)
    value = read_value(condition.value or "", kind) if kind else None
    if value is None or condition.operator is None:
        return None
    chosen = among(_links.c.tag_entity_id, tag_ids)
    if value.number is not None:
        return chosen & compare(_links.c.number, condition.operator, value.number)
    return chosen & compare(bytewise_key(_links.c.value), condition.operator, value.text)


async def _tags_of(context: Context, condition: Tagged) -> Sequence[KnownTag]:
    if not condition.is_glob:
        return context.vocabulary.by_key.get(parsed_key(condition.name) or "", ())
    with context.at(condition.span):
        pattern = bounded(read_pattern(condition.name))
        keys = bounded_like(Pattern(tuple((kind, _key_of(text)) for kind, text in pattern.pieces)))
    chosen = select(_names.c.entity_id).where(_names.c.key.like(keys.like, escape="\\"))
    ids = await tags_below(context.session, set(await context.session.scalars(chosen)))
    concepts = table_of(TagConceptComponent).c
    typed = select(concepts.entity_id, concepts.value_type).where(among(concepts.entity_id, ids))
    return [KnownTag(*row) for row in (await context.session.execute(typed)).all()]


def _key_of(text: str) -> str:
    """Return a piece of a pattern as keys have it; spaces at its ends stay."""
    key = tag_key(text)
    before = " " if text[:1].isspace() else ""
    after = " " if text[-1:].isspace() and key else ""
    return f"{before}{key}{after}"


def _uses(tags: Sequence[KnownTag]) -> int | None:
    return tags[0].uses if len(tags) == 1 else None


def having(tag_ids: Collection[int], what: str, number: int | None = None) -> Part:
    """Return the part for assets that have any of these tags, by id; `number` as in `Index`."""
    wanted = among(_links.c.tag_entity_id, tag_ids)
    rows = rows_of(EntityTagLinkComponent, _links.c.id)
    part = part_of(rows, wanted)
    ids = select(_links.c.entity_id).where(wanted)
    is_one = len(tag_ids) == 1
    index = Index(what, (ids,), is_in_order=is_one, number=number)
    return Part(part.condition, index, Joinable(what, rows, [wanted]) if is_one else None)
