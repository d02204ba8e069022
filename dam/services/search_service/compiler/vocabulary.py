"""The tags that a query names, by whole names and by words, read with one statement."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    ScalarSelect,
    Select,
    String,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId, table_of
from dam.errors import MalformedTagError
from dam.media.folding import WantedWords, words_of
from dam.media.tag_name import parse_tag
from dam.models import (
    EntityTagLinkComponent,
    TagConceptComponent,
    TagNameComponent,
    TagParentComponent,
)
from dam.services.search_service.fields import ENTRY
from dam.services.search_service.query.tree import Tagged
from dam.services.search_service.sql import has_part, is_plain
from dam.services.search_service.words import Ends

_FEW = 20
"""For more words than these, all names of tags are read."""


class KnownTag(NamedTuple):
    """A tag by id, the type of its values, and how often it is used, if that was counted."""

    entity_id: EntityId
    value_type: str | None
    uses: int | None = None


@dataclass(frozen=True)
class Vocabulary:
    """The tags that a query names, each with those below it.

    Args:
        by_key: Tags by the key of a name.
        by_run: Tags by words that are in a name, as their run has them.
        ends: The ends of the ids of entries, which are read along with them.
    """

    by_key: Mapping[str, Sequence[KnownTag]]
    by_run: Mapping[str, Collection[EntityId]]
    ends: Ends


async def read_vocabulary(
    session: AsyncSession,
    conditions: Iterable[Tagged],
    wanted: Sequence[WantedWords],
    counted: Iterable[Tagged] = (),
    most: int = 0,
) -> Vocabulary:
    """Return the tags of all names that are no patterns, and those with some words in a name.

    Example: `await read_vocabulary(session, [Tagged("cat", span)], [wanted_words("dog")])`.

    Args:
        session: Only read.
        conditions: What the query says of tags.
        wanted: Its words; each has one at least.
        counted: Those of the conditions of whose tags the uses are counted.
        most: So far they are counted.
    """
    keys, keys_counted = _keys_of(conditions), _keys_of(counted)
    words = {f"word_{at}": each.words[0] for at, each in enumerate(wanted)}
    named: dict[str, dict[KnownTag, None]] = defaultdict(dict)
    ends = Ends(0, 0)
    is_all = len(words) > _FEW
    for some in portions(sorted(keys)) if keys and not is_all else [[]]:
        counts = {"counted": [*keys_counted], "most": most} if some and keys_counted else {}
        statement = _statement(
            None if is_all else len(words), has_keys=bool(some), has_counts=bool(counts)
        )
        given: dict[str, Any] = {} if is_all else {**words, "keys": some} if some else words
        given |= counts
        for lowest, highest, key, *tag in (await session.execute(statement, given)).all():
            ends = Ends(lowest or 0, highest or 0)
            if key is not None:
                named[key][KnownTag(*tag)] = None
    return Vocabulary(
        {key: list(tags) for key, tags in named.items()}, _by_run(named, wanted), ends
    )


def _keys_of(conditions: Iterable[Tagged]) -> set[str]:
    parsed = (parsed_key(each.name) for each in conditions if not each.is_glob)
    return {key for key in parsed if key is not None}


def _by_run(
    named: Mapping[str, Iterable[KnownTag]], wanted: Sequence[WantedWords]
) -> dict[str, set[EntityId]]:
    runs = {each.run for each in wanted}
    words = {key: f" {' '.join(words_of(key))} " for key in named} if runs else {}
    return {
        run: {tag.entity_id for key, tags in named.items() if run in words[key] for tag in tags}
        for run in runs
    }


@cache
def _statement(words: int | None, *, has_keys: bool, has_counts: bool) -> Select[Any]:
    """Return the statement that selects the ends, and a name, a tag that it means, and its type.

    It is made once, because to make it takes longer than to run it.

    Args:
        words: The number of words that names may have in them; None for all names.
        has_keys: Whether there are keys of names.
        has_counts: Whether there are names of which the uses are counted.
    """
    ids = (select(end(ENTRY.c.entity_id)).scalar_subquery() for end in (func.min, func.max))
    ends = select(*ids)
    if not has_keys and words == 0:
        return ends.add_columns(null(), null(), null(), null())
    names, concepts = table_of(TagNameComponent).c, table_of(TagConceptComponent).c
    parents = table_of(TagParentComponent).c
    named = select(names.key, names.entity_id, literal_column("1").label("is_own"))
    if words is not None:
        named = named.where(_is_asked(names.key, words, has_keys=has_keys))
    below = named.cte("below", recursive=True)
    is_below = parents.parent_entity_id == below.c.entity_id
    more = select(below.c.key, parents.entity_id, literal_column("0")).join(below, is_below)
    below = below.union(more)
    is_tag = below.c.entity_id == concepts.entity_id
    columns = [below.c.key, *concepts[("entity_id", "value_type")]]
    # Of tags below others there may be many.
    is_counted = and_(below.c.is_own == 1, below.c.key.in_(bindparam("counted", expanding=True)))
    uses = case((is_counted, _uses())) if has_counts else null()
    tags = select(*columns, uses.label("uses")).join(below, is_tag).subquery()
    first = ends.subquery()
    return select(*first.c, *tags.c).select_from(first.outerjoin(tags, true()))


def _uses() -> ScalarSelect[int]:
    """Count the uses of a tag, up to a limit."""
    concepts, links = table_of(TagConceptComponent), table_of(EntityTagLinkComponent)
    is_use = links.c.tag_entity_id == concepts.c.entity_id
    some: Select[Any] = (
        select(literal_column("1")).select_from(links).where(is_use).correlate(concepts)
    )
    few = some.limit(bindparam("most", type_=Integer())).subquery()
    return select(func.count()).select_from(few).scalar_subquery()


def _is_asked(key: ColumnElement[str], words: int, *, has_keys: bool) -> ColumnElement[bool]:
    choices: list[ColumnElement[bool]] = []
    if has_keys:
        choices.append(key.in_(bindparam("keys", expanding=True)))
    if words:
        # Nearly all names are left out here; those that the database cannot fold are looked at.
        parts = (bindparam(f"word_{at}", type_=String()) for at in range(words))
        choices += [~is_plain(key), *(has_part(key, part) for part in parts)]
    return or_(*choices)


@lru_cache(maxsize=1024)
def parsed_key(text: str) -> str | None:
    """Return the key of a tag's name, or None if no tag has such a name."""
    try:
        return parse_tag(text).tag.key
    except MalformedTagError:
        return None
