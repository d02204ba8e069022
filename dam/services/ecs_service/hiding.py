"""Conditions that leave hidden entities out, or take only them: those in the trash, for example."""

from typing import Any, Literal

from sqlalchemy import ColumnElement, SQLColumnExpression, exists, false, not_, or_, select, true

from dam.core.ecs.components import HidingComponent, component_classes, table_of

Hidden = Literal["leave_out", "include", "only"]
"""Whether hidden entities, which have a `HidingComponent`, are left out of an answer."""


def is_hidden(
    entity_id: SQLColumnExpression[Any], *, is_sqlite: bool = False
) -> ColumnElement[bool]:
    """Return the SQL condition that an entity is hidden.

    Example: `select(page).where(not_(is_hidden(PageLink.page_image_entity_id)))`.

    Args:
        entity_id: The column with the entity's id.
        is_sqlite: The condition is for SQLite, which answers this form in two thirds of the time.
    """
    tables = [table_of(kind) for kind in component_classes(HidingComponent).values()]
    if is_sqlite:
        return or_(false(), *(entity_id.in_(select(t.c.entity_id)) for t in tables))
    return or_(false(), *(exists().where(t.c.entity_id == entity_id) for t in tables))


def shown(entity_id: SQLColumnExpression[Any], hidden: Hidden = "leave_out") -> ColumnElement[bool]:
    """Return the SQL condition that an entity belongs into an answer.

    Example: `statement.where(shown(Entity.id, "only"))`.

    Args:
        entity_id: The column with the entity's id.
        hidden: Whether hidden entities belong into it.
    """
    if hidden == "include":
        return true()
    return is_hidden(entity_id) if hidden == "only" else not_(is_hidden(entity_id))
