"""Tells which world a database is, and notices when it becomes another one."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database import Database
from dam.core.world import World
from dam.errors import DatabaseReplacedError, NotSetUpError
from dam.models import WorldIdentity
from dam.storage.content_store import StoreOwner


async def world_uuid(session: AsyncSession) -> str:
    """Return the UUID of the world, which a copy or a backup of its database shares."""
    return (await session.scalars(select(WorldIdentity.uuid))).one()


async def hold_to_identity(world: World) -> None:
    """Have every later transaction of an open world refuse a database that was emptied meanwhile.

    Raises:
        NotSetUpError: The database is no world's.
    """
    # One that began before a reset and waited for it sees neither the old nor the new row.
    found = await world.read(_found_uuid) or await world.read(_found_uuid)
    if found is None:
        raise NotSetUpError(world.database.safe_url)
    world.database.hold_to(found)


async def store_owner(world: World) -> StoreOwner:
    """Return the world as the owner of what it puts into its content store."""
    uuid = await world.resources.get(OpenedWorld).uuid()
    return StoreOwner(uuid=uuid, database=world.database.safe_url)


class OpenedWorld:
    """Which world a database was when somebody first asked."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._uuid: str | None = None

    async def uuid(self) -> str:
        """Return the UUID of the world that was opened."""
        if self._uuid is None:
            self._uuid = await self._database.read(world_uuid)
        return self._uuid

    async def require_same(self) -> None:
        """Look at the database again.

        Raises:
            DatabaseReplacedError: It holds another world by now, or none.
        """
        known, found = await self.uuid(), await self._database.read(_found_uuid)
        if found != known:
            what = "it is empty" if found is None else "it holds another world"
            raise DatabaseReplacedError(self._database.safe_url, what)


async def _found_uuid(session: AsyncSession) -> str | None:
    return (await session.scalars(select(WorldIdentity.uuid))).one_or_none()
