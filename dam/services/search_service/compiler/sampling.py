"""Estimates on SQLite, which keeps no statistics, how many entities meet a condition.

A few ids are looked at, spread over all of them.
"""

from collections.abc import Sequence

from sqlalchemy import ScalarSelect, func, select

from dam.core.database.among import json_rows
from dam.services.search_service.compiler.parts import Joinable
from dam.services.search_service.fields import ENTRY
from dam.services.search_service.sql import Nested, holds
from dam.services.search_service.words import Ends

_POINTS = 200
_FEW = 2_000
_GOLDEN = (5**0.5 - 1) / 2


def is_worth_a_sample(ends: Ends) -> bool:
    """Tell whether there are so many ids that it matters where a search begins."""
    return ends.highest - ends.lowest >= _FEW


def sampled_counts(ends: Ends, joinables: Sequence[Joinable]) -> list[ScalarSelect[int]]:
    """Return what counts the entities of a sample that are listed, and those with some rows each.

    Example: `await session.execute(select(*sampled_counts(ends, [part.joinable])))`.

    Args:
        ends: The ends of the ids of all entries.
        joinables: Rows that entities may have.
    """
    span = ends.highest - ends.lowest
    # By the golden section: even steps might meet only what has come in every second place.
    points = json_rows([ends.lowest + int(at * _GOLDEN % 1 * span) for at in range(_POINTS)])
    is_listed = ENTRY, ENTRY.c.entity_id, (holds(ENTRY.c.is_listed),)
    asked = ((each.rows.source, each.rows.entity_id, each.conditions) for each in joinables)
    return [
        select(func.count())
        .select_from(Nested(points, source, entity_id == points.c.value))
        .where(*conditions)
        .scalar_subquery()
        for source, entity_id, conditions in (is_listed, *asked)
    ]


def share_of(count: int) -> float:
    """Return the share of all ids that such a count of a sample stands for; it is never zero."""
    return (count + 1) / (_POINTS + 1)
