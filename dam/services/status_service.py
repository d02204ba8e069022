"""Reports the configured worlds, and how much one world holds and has pending."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.config import context_of
from dam.core.ecs.components import (
    Entity,
    MarkerComponent,
    ProcessingErrorComponent,
    component_classes,
    table_of,
)
from dam.core.read_only import ReadOnly
from dam.errors import place_without_password, url_without_password
from dam.models import (
    ContentHashSHA256Component,
    FilePropertiesComponent,
    PendingSourceRemovalComponent,
    TrashedComponent,
)
from dam.services.config_service import ShownSetting
from dam.services.plugin_service import PluginInDatabase, list_plugins
from dam.services.schema_service import table_names
from dam.settings import Settings


@dataclass(frozen=True, kw_only=True)
class WorldPlace:
    """The database and store of a world; addresses have no passwords.

    Args:
        name: The world's name.
        database: The URL of its database.
        storage: The folder or URL of its store.
        default: Commands without `--world` use it.
        database_origin: Where the database is set: the path of a file, `environment` or `default`.
        storage_origin: Likewise for the store.
        default_origin: Likewise for the choice of the default world; None for any other world.
    """

    name: str
    database: str
    storage: str
    default: bool
    database_origin: str = "default"
    storage_origin: str = "default"
    default_origin: str | None = None


@dataclass(frozen=True, kw_only=True)
class WorldStatus:
    """Counts of everything that a world holds.

    Args:
        world: Name of the world.
        entities: Number of entities of any kind.
        assets: Number of entities with content.
        size_bytes: Total size of all contents, each counted once, wherever it is kept.
        components: Number of rows by component class, including markers and zeros.
        pending: Number of entities by marker, including zeros.
        failures: Number of open failures.
        trashed: Number of assets and comics in the trash, which the other numbers include.
        pending_removals: Number of sources that moves must still remove, on any machine.
        plugins: The plugins that have tables in the world, also those that are not installed.
        settings: What is set for the world, and where; the database does not know it.
    """

    world: str
    entities: int
    assets: int
    size_bytes: int
    components: Mapping[str, int]
    pending: Mapping[str, int]
    failures: int
    pending_removals: int
    trashed: int = 0
    plugins: Sequence[PluginInDatabase] = ()
    settings: Sequence[ShownSetting] = ()


def list_worlds(settings: Settings) -> list[WorldPlace]:
    """Return every configured world, in the order of the settings; none of them is opened."""
    return [
        WorldPlace(
            name=world.name,
            database=url_without_password(world.database_url),
            storage=place_without_password(world.storage_url),
            default=world.name == settings.default_world,
            database_origin=world.database_origin,
            storage_origin=world.storage_origin,
            default_origin=settings.origins.get("default")
            if world.name == settings.default_world
            else None,
        )
        for world in settings.worlds.values()
    ]


async def status(session: ReadOnly[AsyncSession]) -> WorldStatus:
    """Return the counts of the session's world."""
    # A plugin installed since the last `setup-db` has no tables yet.
    there = await table_names(session)
    components = {
        name: await _count(session, table_of(kind)) if kind.__tablename__ in there else 0
        for name, kind in component_classes().items()
    }
    failure = table_of(ProcessingErrorComponent)
    total = select(func.coalesce(func.sum(FilePropertiesComponent.size_bytes), 0))
    return WorldStatus(
        world=context_of(session).world_name,
        entities=await _count(session, table_of(Entity)),
        assets=components[ContentHashSHA256Component.__name__],
        size_bytes=int((await session.execute(total)).scalar_one()),
        components=components,
        pending={name: components[name] for name in component_classes(MarkerComponent)},
        failures=await _count(session, failure, failure.c.dismissed_at.is_(None)),
        pending_removals=components[PendingSourceRemovalComponent.__name__],
        trashed=components[TrashedComponent.__name__],
        plugins=await list_plugins(session),
    )


async def _count(session: AsyncSession, table: Table, *conditions: ColumnElement[bool]) -> int:
    counted = select(func.count()).select_from(table).where(*conditions)
    return (await session.execute(counted)).scalar_one()
