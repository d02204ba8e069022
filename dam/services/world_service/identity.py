"""Tells which world a database belongs to, and holds an open world to it."""

import secrets

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.read_only import ReadOnly
from dam.core.world import World
from dam.errors import NotSetUpError
from dam.models import WorldIdentity
from dam.storage.content_store import StoreOwner

_EDITIONS = 32
"""Names that a database remembers: as many imports may end at once, each with its own mark."""


async def world_uuid(session: ReadOnly[AsyncSession]) -> str:
    """Return the UUID of the world; copies and backups of its database have the same one."""
    return (await session.scalars(select(WorldIdentity.uuid))).one()


async def new_store(session: ReadOnly[AsyncSession]) -> str | None:
    """Return the name of the store that was begun anew, unless the one before is back."""
    return (await session.scalars(select(WorldIdentity.new_store))).one()


async def note_new_store(session: AsyncSession, name: str | None) -> None:
    """Note which store was begun anew; None for that the one before is back. The caller commits."""
    await session.execute(update(WorldIdentity).values(new_store=name))


async def hold_to_identity(world: World) -> None:
    """Make every later transaction of an open world raise if the database was emptied meanwhile.

    Raises:
        NotSetUpError: The database does not belong to a world.
    """
    found = await world.database.read_found(_found_uuid)
    if found is None:
        raise NotSetUpError(world.database.safe_url)
    world.database.hold_to(found)


async def begin_edition(session: AsyncSession, database: str) -> StoreOwner:
    """Give a new name to what is in the store; return the owner with it. The caller commits."""
    row = (await session.scalars(select(WorldIdentity).with_for_update())).one()
    names = [secrets.token_hex(8), *(row.store_editions or "").split()]
    editions = " ".join(names[:_EDITIONS])
    await session.execute(update(WorldIdentity).values(store_editions=editions))
    return await found_owner(session, database)


async def store_owner(world: ReadOnly[World]) -> StoreOwner:
    """Return the world as the owner of the bytes it stores."""
    return await world.read(found_owner, world.database.safe_url)


async def found_owner(session: ReadOnly[AsyncSession], database: str) -> StoreOwner:
    """Return the world of the session as the owner of bytes in a store.

    `database` is the address of the database as people read it, without a password.
    """
    uuid, editions = (
        await session.execute(select(WorldIdentity.uuid, WorldIdentity.store_editions))
    ).one()
    return StoreOwner(uuid=uuid, database=database, editions=tuple((editions or "").split()))


async def _found_uuid(session: AsyncSession) -> str | None:
    return (await session.scalars(select(WorldIdentity.uuid))).one_or_none()
