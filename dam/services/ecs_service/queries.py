"""Builds the queries behind `ecs_service`: entities that match, and references that bind."""

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Column, ColumnElement, ForeignKey, Select, Table, and_, exists, select
from sqlalchemy.sql.util import find_tables

from dam.core.ecs.components import (
    AnyComponent,
    Base,
    Component,
    Entity,
    component_classes,
    table_of,
)
from dam.services.ecs_service.hiding import Hidden, shown

Kinds = Collection[type[AnyComponent]]
Conditions = Sequence[ColumnElement[bool]]

MAX_ID = (1 << 63) - 1
"""The greatest id that both databases can hold."""


def matching(
    with_: Kinds, without: Kinds, where: Conditions, hidden: Hidden = "leave_out"
) -> Select[int]:
    """Select the ids of matching entities.

    Components are joined where possible, so that the planner can start from one of their indexes.
    """
    known = component_classes().values()
    if strange := [kind for kind in (*with_, *without) if kind not in known]:
        msg = f"{strange[0]!r} is not a component class with a table"
        raise TypeError(msg)
    single = {table_of(kind) for kind in component_classes(Component).values()}
    entities = table_of(Entity)
    joined = {table_of(kind) for kind in with_} & single
    conditions = [_has({table_of(kind)}) for kind in with_ if table_of(kind) not in single]
    conditions += [~_has({table_of(kind)}) for kind in without]
    for condition in where:
        tables = {t for t in find_tables(condition, check_columns=True) if isinstance(t, Table)}
        tables -= {entities}
        if tables <= single:
            joined |= tables
            conditions.append(condition)
        else:
            conditions.append(_has(tables, condition))
    statement = select(Entity.id)
    for table in sorted(joined, key=lambda table: table.name):
        statement = statement.join(table, table.c.entity_id == Entity.id)
    return statement.where(*conditions, shown(Entity.id, hidden))


def _has(tables: Collection[Table], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    rows = exists().select_from(*tables)
    belongs = and_(*(table.c.entity_id == Entity.id for table in tables), *conditions)
    return rows.where(belongs).correlate(table_of(Entity))


def restricting_columns() -> Iterator[tuple[Column[int], Column[int]]]:
    """Yield each column that keeps an entity from being deleted, with the column of its user.

    The user is the entity that needs the other one: the `entity_id` of the row, or in an
    association the other entity.
    """
    for table in Base.metadata.sorted_tables:
        to_entities = [key for key in table.foreign_keys if _refers_to_entity(key)]
        for key in to_entities:
            if (key.ondelete or "RESTRICT").upper() not in {"RESTRICT", "NO ACTION"}:
                continue
            others = [other.parent for other in to_entities if other is not key]
            others.sort(key=lambda column: (column.name != "entity_id", column.name))
            yield key.parent, others[0] if others else key.parent


def _refers_to_entity(key: ForeignKey) -> bool:
    """Tell whether a column holds entity ids: of `entities`, or of a component's primary key."""
    target = key.column
    if target.table is table_of(Entity):
        return True
    return target.primary_key and any(_refers_to_entity(next_) for next_ in target.foreign_keys)
