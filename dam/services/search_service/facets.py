"""Counts results by type, year and tag."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, Select, String, cast, func, literal, null, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.values import refuse_text
from dam.core.ecs.components import Entity, table_of
from dam.core.read_only import ReadOnly
from dam.errors import UnknownFieldError
from dam.media.tag_name import TagName
from dam.models import (
    ComicBookVariantComponent,
    EntityTagLinkComponent,
    FilePropertiesComponent,
    TagConceptComponent,
)
from dam.services.search_service.media_groups import COMIC, group_of
from dam.services.search_service.query.tree import Query
from dam.services.search_service.searching import ids_statement
from dam.services.search_service.sql import year_of

FACETS = ("type", "media_type", "year", "tag")
"""By what `facets` counts; the year is that in which an asset was added."""

_MOST = 100


@dataclass(frozen=True)
class FacetCount:
    """A value, and how many results have it; None stands for those that have none."""

    value: str | None
    count: int


async def facets(
    session: ReadOnly[AsyncSession], query: str | Query, names: Sequence[str] = FACETS
) -> dict[str, list[FacetCount]]:
    """Return how many results have each type, year or tag, most first, at most 100 of each.

    Example: `await facets(session, "holiday", ["type", "year"])`.

    Args:
        session: Only read.
        query: The query; its order and its limit do not matter.
        names: Out of `FACETS`.

    Raises:
        UnknownFieldError: There is no facet of a name.
        QuerySyntaxError: The query cannot be read.
        TypeError: `names` is one text.
    """
    refuse_text(names=names)
    if unknown := [name for name in names if name not in FACETS]:
        raise UnknownFieldError(unknown[0], FACETS)
    counted = {name: Counter[str | None]() for name in names}
    if not names:
        return {}
    found = (await ids_statement(session, query)).cte("found")
    sources = dict.fromkeys(_SOURCES.get(name, name) for name in names)
    parts = [_SELECTS[source](found) for source in sources]
    for source, value, space, number in (await session.execute(union_all(*parts))).all():
        for name, some in counted.items():
            if _SOURCES.get(name, name) == source:
                some[_value(name, value, space)] += number
    return {
        name: [FacetCount(*pair) for pair in sorted(some.items(), key=_order)[:_MOST]]
        for name, some in counted.items()
    }


def _order(pair: tuple[str | None, int]) -> tuple[int, bool, str]:
    value, count = pair
    return -count, value is None, value or ""


def _value(name: str, value: str | None, space: str | None) -> str | None:
    if name == "type":
        return COMIC if space else group_of(value)
    return str(TagName(space, value)) if name == "tag" and value else value


def _files(found: Any) -> Select[Any]:  # noqa: ANN401 - a table
    files, variants = table_of(FilePropertiesComponent), table_of(ComicBookVariantComponent)
    is_comic = cast(func.min(variants.c.entity_id), String())
    joined = found.outerjoin(files, files.c.entity_id == found.c.entity_id).outerjoin(
        variants, variants.c.entity_id == found.c.entity_id
    )
    kind = files.c.media_type
    grouped = select(literal("file"), kind, is_comic, func.count()).select_from(joined)
    return grouped.group_by(kind, variants.c.entity_id.is_(None))


def _years(found: Any) -> Select[Any]:  # noqa: ANN401
    entities = table_of(Entity)
    year = cast(year_of(entities.c.created_at), Integer())
    counted = (
        select(year.label("year"), func.count().label("count"))
        .select_from(found.join(entities, entities.c.id == found.c.entity_id))
        .group_by(year)
        .subquery()
    )
    text = cast(counted.c.year, String())
    return select(literal("year"), text, cast(null(), String()), counted.c.count)


def _tags(found: Any) -> Select[Any]:  # noqa: ANN401
    links, concepts = table_of(EntityTagLinkComponent), table_of(TagConceptComponent)
    used = func.count(links.c.entity_id.distinct()).label("count")
    counted = (
        select(links.c.tag_entity_id, used)
        .select_from(found.join(links, links.c.entity_id == found.c.entity_id))
        .group_by(links.c.tag_entity_id)
        .order_by(used.desc())
        .limit(_MOST)
        .subquery()
    )
    named = counted.join(concepts, concepts.c.entity_id == counted.c.tag_entity_id)
    columns = literal("tag"), concepts.c.name, concepts.c.namespace, counted.c.count
    return select(*columns).select_from(named)


_SELECTS = {"file": _files, "year": _years, "tag": _tags}
_SOURCES = {"type": "file", "media_type": "file"}
