"""Tells which world a database is."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs import last_entity_id
from dam.core.world import World
from dam.errors import NotSetUpError
from dam.models import WorldIdentity
from dam.storage.content_store import StoreOwner


async def world_uuid(session: AsyncSession) -> str:
    """Return the UUID of the world, which a copy or a backup of its database shares."""
    return (await session.scalars(select(WorldIdentity.uuid))).one()


async def new_store(session: AsyncSession) -> str | None:
    """Return the name of the store that was begun anew, unless the one before is back."""
    return (await session.scalars(select(WorldIdentity.new_store))).one()


async def note_new_store(session: AsyncSession, name: str | None) -> None:
    """Note which store was begun anew; None for that the one before is back. The caller commits."""
    await session.execute(update(WorldIdentity).values(new_store=name))


async def hold_to_identity(world: World) -> None:
    """Have every later transaction of an open world refuse a database that was emptied meanwhile.

    Raises:
        NotSetUpError: The database is no world's.
    """
    found = await world.database.read_found(_found_uuid)
    if found is None:
        raise NotSetUpError(world.database.safe_url)
    world.database.hold_to(found)


async def store_owner(world: World) -> StoreOwner:
    """Return the world as the owner of what it puts into its content store."""
    return await world.read(found_owner, world.database.safe_url)


async def found_owner(session: AsyncSession, database: str) -> StoreOwner:
    """Return the world of a database, by its address for people, as the owner in a store."""
    return StoreOwner(
        uuid=await world_uuid(session),
        database=database,
        last_entity_id=await last_entity_id(session),
    )


async def _found_uuid(session: AsyncSession) -> str | None:
    return (await session.scalars(select(WorldIdentity.uuid))).one_or_none()
