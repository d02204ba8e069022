"""Entities and their components: create, set, get, remove, delete.

Nothing here commits. Bulk work uses the statements of `dam.core.ecs.rows`.
"""

from collections import Counter, defaultdict
from collections.abc import Collection
from typing import TypeVar

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.config import context_of
from dam.core.database.among import among
from dam.core.database.portions import portions
from dam.core.ecs.components import (
    ON_RELEASE,
    AnyComponent,
    Component,
    Entity,
    EntityId,
    MarkerComponent,
    MultiComponent,
    component_classes,
    table_of,
)
from dam.core.ecs.rows import create_entities, mark, read_rows, row_of, write_rows
from dam.core.read_only import ReadOnly
from dam.errors import EntityInUseError, EntityNotFoundError
from dam.services.ecs_service.queries import MAX_ID, restricting_columns

A = TypeVar("A", bound=AnyComponent)
C = TypeVar("C", bound=Component)


async def create_entity(session: AsyncSession, *components: AnyComponent) -> EntityId:
    """Create an entity with these components and return its id.

    Raises:
        ValueError: Two components have the same class, and an entity can have only one of it.
    """
    singles = Counter(type(one).__name__ for one in components if isinstance(one, Component))
    for name, count in singles.items():
        if count > 1:
            msg = f"{count} components are {name}; an entity can have only one"
            raise ValueError(msg)
    (entity_id,) = await create_entities(session, 1, now=context_of(session).now())
    for component in components:
        await _write(session, entity_id, component)
    return entity_id


async def set_component(session: AsyncSession, entity_id: EntityId, component: Component) -> None:
    """Set a component of an entity, replacing the one of the same class.

    Setting a marker that the entity already carries has the entity processed once more, even if a
    worker is processing it right now.

    Example: `await set_component(session, 3, ImageDimensionsComponent(width=640, height=480))`.

    Args:
        session: An open write transaction; the caller commits.
        entity_id: The entity.
        component: An unsaved component, such as `ImageDimensionsComponent(width=640, height=480)`.

    Raises:
        EntityNotFoundError: There is no such entity.
        TypeError: The component is a `MultiComponent`; use `add_component`.
    """
    await require_entities(session, [entity_id])
    await _write(session, entity_id, component, Component)


async def add_component(
    session: AsyncSession, entity_id: EntityId, component: MultiComponent
) -> None:
    """Add a component of a class of which an entity can have many.

    Example: `await add_component(session, text, WordComponent(word="sea"))`.

    Args:
        session: An open write transaction; the caller commits.
        entity_id: The entity.
        component: An unsaved component.

    Raises:
        EntityNotFoundError: There is no such entity.
        TypeError: The component is not a `MultiComponent`; use `set_component`.
    """
    await require_entities(session, [entity_id])
    await _write(session, entity_id, component, MultiComponent)


async def _write(
    session: AsyncSession,
    entity_id: EntityId,
    component: AnyComponent,
    expected: type[AnyComponent] = AnyComponent,
) -> None:
    kind = type(component)
    if not issubclass(kind, expected):
        msg = f"{kind.__name__} is not a {expected.__name__}"
        raise TypeError(msg)
    if issubclass(kind, MarkerComponent):
        await mark(session, kind, [entity_id])
        return
    row = {"entity_id": entity_id, **row_of(component)}
    await write_rows(session, kind, [row], replace=issubclass(kind, Component))


async def require_entities(session: AsyncSession, entity_ids: Collection[EntityId]) -> None:
    """Raise unless all these entities exist.

    On PostgreSQL none of them can be deleted until the transaction ends.

    Raises:
        EntityNotFoundError: Some do not exist; the error lists all of them.
    """
    wanted = select(Entity.id).where(among(Entity.id, _possible(entity_ids)))
    found = set(await session.scalars(wanted.with_for_update(read=True, key_share=True)))
    _check_found(entity_ids, found)


async def lock_entity(session: AsyncSession, entity_id: EntityId) -> None:
    """Lock an entity until the transaction ends, against other callers of `lock_entity`.

    Rows read after this call include everything the previous holder of the lock committed. SQLite
    has one writer at a time anyway.

    Raises:
        EntityNotFoundError: There is no such entity.
    """
    check_ids([entity_id])
    wanted = select(Entity.id).where(Entity.id == entity_id)
    # Not a full lock: other transactions may still write rows that refer to the entity.
    locked = wanted.with_for_update(key_share=True)
    _check_found([entity_id], (await session.scalars(locked)).all())


def check_ids(entity_ids: Collection[EntityId]) -> None:
    """Raise if one of these numbers cannot be an id; the database is not asked.

    Raises:
        EntityNotFoundError: Some numbers are not between 1 and 2**63 - 1.
    """
    _check_found(entity_ids, _possible(entity_ids))


def _possible(entity_ids: Collection[EntityId]) -> list[EntityId]:
    return sorted({entity_id for entity_id in entity_ids if 0 < entity_id <= MAX_ID})


def _check_found(wanted: Collection[EntityId], found: Collection[EntityId]) -> None:
    if missing := sorted(set(wanted) - set(found)):
        raise EntityNotFoundError(missing)


async def get_entities(
    session: ReadOnly[AsyncSession], entity_ids: Collection[EntityId]
) -> dict[EntityId, Entity]:
    """Return entities by their ids.

    Raises:
        EntityNotFoundError: Some do not exist; the error lists all of them.
    """
    found: dict[EntityId, Entity] = {}
    for ids in portions(_possible(entity_ids)):
        rows = await session.scalars(select(Entity).where(Entity.id.in_(ids)))
        found.update((entity.id, entity) for entity in rows)
    _check_found(entity_ids, found)
    return found


async def get_component(
    session: ReadOnly[AsyncSession], entity_id: EntityId, kind: type[C]
) -> C | None:
    """Return an entity's component of a class, or None if it has none.

    Example: `await get_component(session, picture, ImageDimensionsComponent)`.

    Args:
        session: An open transaction.
        entity_id: The entity.
        kind: The class, such as `ImageDimensionsComponent`.

    Raises:
        EntityNotFoundError: There is no such entity.
    """
    rows = (await get_components_of_kind(session, [entity_id], kind)).get(entity_id)
    if rows is None:
        await get_entities(session, [entity_id])
        return None
    return rows[0]


async def get_components_of_kind(
    session: ReadOnly[AsyncSession], entity_ids: Collection[EntityId], kind: type[A]
) -> dict[EntityId, list[A]]:
    """Return the components of one class by entity, oldest first.

    Example: `await get_components_of_kind(session, [3, 5], ImageDimensionsComponent)`.

    Args:
        session: An open transaction.
        entity_ids: The entities; those without such a component are left out of the result.
        kind: The class, such as `ImageDimensionsComponent`.
    """
    return await read_rows(session, kind, _possible(entity_ids))


async def get_components(
    session: ReadOnly[AsyncSession], entity_id: EntityId
) -> dict[str, list[AnyComponent]]:
    """Return all components of an entity by class name, in alphabetical order.

    Raises:
        EntityNotFoundError: There is no such entity.
    """
    return (await get_components_of_many(session, [entity_id]))[entity_id]


async def get_components_of_many(
    session: ReadOnly[AsyncSession], entity_ids: Collection[EntityId]
) -> dict[EntityId, dict[str, list[AnyComponent]]]:
    """Return all components of each entity by class name; takes one query per class.

    Raises:
        EntityNotFoundError: Some do not exist; the error lists all of them.
    """
    await get_entities(session, entity_ids)
    found: dict[EntityId, dict[str, list[AnyComponent]]] = {key: {} for key in entity_ids}
    for name, kind in component_classes().items():
        for entity_id, rows in (await get_components_of_kind(session, entity_ids, kind)).items():
            found[entity_id][name] = rows
    return found


async def remove_components(
    session: AsyncSession, entity_ids: Collection[EntityId], kind: type[AnyComponent]
) -> int:
    """Remove all components of a class from some entities; return how many rows were deleted.

    Example: `await remove_components(session, [3, 5], ImageDimensionsComponent)`.

    Args:
        session: An open write transaction; the caller commits.
        entity_ids: The entities.
        kind: The class, such as `ImageDimensionsComponent`.

    Raises:
        EntityNotFoundError: Some entities do not exist; the error lists all of them.
    """
    await get_entities(session, entity_ids)
    table = table_of(kind)
    removed = 0
    for ids in portions(_possible(entity_ids)):
        gone = delete(table).where(table.c.entity_id.in_(ids)).returning(table.c.entity_id)
        removed += len((await session.scalars(gone)).all())
    return removed


async def delete_entity(session: AsyncSession, entity_id: EntityId) -> None:
    """Delete an entity and all its components.

    Raises:
        EntityNotFoundError: There is no such entity.
        EntityInUseError: Other entities refer to it and need it; the error names them.
    """
    check_ids([entity_id])
    # The lock keeps other transactions from referring to it; SQLite has one writer anyway.
    locked = select(Entity.id).where(Entity.id == entity_id).with_for_update()
    _check_found([entity_id], (await session.scalars(locked)).all())
    if users := await users_of(session, [entity_id]):
        raise EntityInUseError(entity_id, users[entity_id])
    await session.execute(delete(table_of(Entity)).where(Entity.id == entity_id))


async def users_of(
    session: ReadOnly[AsyncSession], entity_ids: Collection[EntityId]
) -> dict[EntityId, list[EntityId]]:
    """Return the entities that need each of these, in ascending order; unneeded ones are left out.

    Example: a page image needed by comic variants 4 and 9 gives `{image_id: [4, 9]}`.
    """
    users: dict[EntityId, set[EntityId]] = defaultdict(set)
    for used, user in restricting_columns():
        for ids in portions(_possible(entity_ids)):
            needed = select(used, user).where(used.in_(ids)).distinct()
            for used_id, user_id in await session.execute(needed):
                users[used_id].add(user_id)
    return {entity_id: sorted(users[entity_id]) for entity_id in sorted(users)}


async def release_entities(session: AsyncSession, entity_ids: Collection[EntityId]) -> None:
    """Remove the references that keep entities from being deleted.

    Rows that need one of them are deleted. A row whose column allows `ON_RELEASE` stays, with the
    reference set to NULL and its other columns set as `ON_RELEASE` says.
    """
    for used, _ in restricting_columns():
        released = used.info.get(ON_RELEASE)
        letting_go = (
            delete(used.table)
            if released is None
            else update(used.table).values({used.name: None, **released})
        )
        for ids in portions(_possible(entity_ids)):
            await session.execute(letting_go.where(used.in_(ids)))
