"""Examines the database, folders and programs a world needs, without opening the world.

Nothing is created by an examination; `begin_store_anew` creates a lost store again.
"""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.config import WorldConfig, WorldContext
from dam.core.database.database import Database
from dam.core.database.url import parse_database_url
from dam.core.plugin_schemas import PluginSchema
from dam.errors import (
    DamError,
    DatabaseReadOnlyError,
    NotSetUpError,
    PluginFunctionError,
    PluginLoadError,
    StoreNotLostError,
    described,
    display_path,
    place_without_password,
    url_without_password,
    words_for,
)
from dam.media.archive.unpackers import installed_unpackers
from dam.media.decoder import Decoder
from dam.media.kind import MediaKind
from dam.services import schema_service
from dam.services.plugin_service import PluginInDatabase, list_plugins
from dam.services.privacy_service import OpenPath, close_paths, find_open_paths
from dam.services.store_service import count_stored, judge_store, last_place_id
from dam.services.world_service import note_new_store
from dam.storage.addresses import open_store
from dam.storage.content_store import BegunAnew, StoreOwner
from dam.workers.trial import powers_of_confined_workers

_BUSY_TIMEOUT_S = 2.0
_LEAST_FREE_BYTES = 100_000_000


@dataclass(frozen=True, kw_only=True)
class DatabaseHealth:
    """The state of the database: `ok` if it can be read and written and its schema is current."""

    ok: bool
    url: str
    message: str
    hint: str | None = None


@dataclass(frozen=True, kw_only=True)
class FolderHealth:
    """The state of a folder: `ok` if it is writable; `free_bytes` is None if that is unknown."""

    ok: bool
    path: str
    free_bytes: int | None
    message: str
    hint: str | None = None


@dataclass(frozen=True, kw_only=True)
class IsolationHealth:
    """Whether the workers that decode files are confined, and what they can do besides."""

    ok: bool
    message: str


@dataclass(frozen=True, kw_only=True)
class LostStore:
    """A store that was not found.

    Args:
        root: The folder where it should be.
        files: How many assets the database says it holds.
        owner: The world that it belongs to.
        next_place_id: The lowest id that a place of newly stored bytes can get.
    """

    root: Path
    files: int
    owner: StoreOwner
    next_place_id: int


@dataclass(frozen=True, kw_only=True)
class PluginFault:
    """An installed plugin that cannot be loaded, by the name of its entry point.

    Or one of which a function failed, by the module of that function.
    """

    name: str
    message: str
    hint: str | None


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """The result of an examination.

    `ok` ignores missing decoders, missing isolation and paths others can read.

    Args:
        ok: Everything that is needed works.
        world: Name of the world.
        database: The state of the database; it must have the tables of the installed plugins.
        storage: The state of the store.
        cache: The state of the folder of caches.
        isolation: Whether the processes that decode files are confined.
        decoders: The programs and libraries that read files.
        readable_by_others: Files and folders that other users may read.
        lost_files: When the user declares the store lost: how many files it should have.
        plugins: The plugins that have tables in the database, also those that are not installed.
        plugin_faults: The installed plugins that cannot be loaded.
    """

    ok: bool
    world: str
    database: DatabaseHealth
    storage: FolderHealth
    cache: FolderHealth
    isolation: IsolationHealth
    decoders: Mapping[str, Decoder]
    readable_by_others: Sequence[OpenPath]
    lost_files: int | None = None
    plugins: Sequence[PluginInDatabase] = ()
    plugin_faults: Sequence[PluginFault] = ()


async def examine(
    config: WorldConfig,
    *,
    is_configured: bool,
    closes_paths: bool = False,
    kinds: Sequence[MediaKind[Any]] = (),
    plugins: Sequence[PluginSchema] = (),
    unloaded: Sequence[PluginLoadError] = (),
) -> Diagnosis:
    """Return the state of everything a world needs.

    Example: `await examine(config, is_configured=True)`.

    Args:
        config: The world's configuration.
        is_configured: The user chose the database. Otherwise it is created on first use, and its
            absence is no fault.
        closes_paths: Remove other users' access to the world's files and folders.
        kinds: The media kinds, whose decoders are looked at.
        plugins: The schemas of the installed plugins.
        unloaded: The errors of plugins that could not be loaded.
    """
    paths = await asyncio.to_thread(find_open_paths, config, is_configured=is_configured)
    if closes_paths:
        paths = await asyncio.to_thread(close_paths, paths)
    database = await _database(config, plugins, is_configured=is_configured)
    storage = await asyncio.to_thread(_storage, config.storage_url)
    if database.ok and storage.ok:
        storage = await _look_for_content(config, storage)
    cache = await asyncio.to_thread(
        _folder, config.cache_path, "set XDG_CACHE_HOME to a writable folder"
    )
    decoders, faults = await asyncio.to_thread(_decoders, kinds)
    return Diagnosis(
        ok=database.ok and storage.ok and cache.ok and not unloaded and not faults,
        world=config.name,
        database=database,
        storage=storage,
        cache=cache,
        isolation=await asyncio.to_thread(_isolation),
        decoders=decoders,
        readable_by_others=paths,
        plugins=await _plugins(config),
        plugin_faults=[
            *(PluginFault(name=one.name, message=one.message, hint=one.hint) for one in unloaded),
            *faults,
        ],
    )


def _isolation() -> IsolationHealth:
    try:
        powers = powers_of_confined_workers()
    except DamError as error:
        return IsolationHealth(ok=False, message=error.message)
    except Exception as error:  # noqa: BLE001 - the other findings are told all the same
        return IsolationHealth(ok=False, message=f"not confined: {described(error)}")
    if not powers:
        message = "workers open no files, start no programs and use no network"
        return IsolationHealth(ok=True, message=message)
    needed = "Linux 5.13 with Landlock and seccomp filters, or later"
    message = f"a worker that a file takes over can {', '.join(powers)}; needed: {needed}"
    return IsolationHealth(ok=False, message=message)


def _decoders(
    kinds: Sequence[MediaKind[Any]],
) -> tuple[dict[str, Decoder], list[PluginFault]]:
    """Return the state of each decoder, and the faults of the kinds that cannot tell theirs."""
    found: dict[str, Decoder] = {}
    faults: list[PluginFault] = []
    for kind in kinds:
        try:
            found |= _decoders_of(kind)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin's code
            module = str(kind.decoders.__module__)
            fault = PluginFunctionError(f"decoders= of the media kind {kind.name!r}", module, error)
            faults.append(PluginFault(name=module, message=fault.message, hint=fault.hint))
    return found | installed_unpackers(), faults


def _decoders_of(kind: MediaKind[Any]) -> dict[str, Decoder]:
    found: dict[str, object] = {} if kind.decoders is None else dict(kind.decoders())
    for name, decoder in found.items():
        if not isinstance(decoder, Decoder):
            message = f"{name!r} is {decoder!r}, expected a dam.media.decoder.Decoder"
            raise TypeError(message)
    return cast("dict[str, Decoder]", found)


async def find_lost_store(config: WorldConfig) -> LostStore:
    """Return what the database knows about a store that is missing.

    Raises:
        StoreNotLostError: The store is there, or nothing was ever stored.
        DamError: The database or the folder cannot be used.
    """
    store = open_store(config.storage_url)
    (root,) = store.local_roots()
    async with _opened(config) as database:
        judged = await judge_store(database, store)
        files = await database.read(count_stored)
        last_id = await database.read(last_place_id)
    if judged.verdict != "not there":
        raise StoreNotLostError(root, files)
    return LostStore(root=root, files=files, owner=judged.owner, next_place_id=last_id + 1)


async def begin_store_anew(config: WorldConfig) -> None:
    """Create an empty store for a world whose store is lost, after looking for it once more.

    The world works with the new store. Lost content is reported as missing until it is added again.
    As soon as something is stored in the new store, that store must have some of it to be accepted.

    Raises:
        DamError: As in `find_lost_store`, or the folder cannot be created.
    """
    lost = await find_lost_store(config)  # the user may have mounted the disk before answering yes
    store = open_store(config.storage_url)
    anew = BegunAnew(secrets.token_hex(16), lost.next_place_id)
    async with _opened(config) as database:
        await database.require_writable()
    await asyncio.to_thread(store.make)
    await asyncio.to_thread(store.mark, lost.owner, anew=anew)
    async with _opened(config) as database:
        await database.write(note_new_store, anew.name)


async def _look_for_content(config: WorldConfig, storage: FolderHealth) -> FolderHealth:
    """Return the store's health; it must hold some of the content that the database knows."""
    store = open_store(config.storage_url)
    try:
        async with _opened(config) as database:
            judged = await judge_store(database, store)
            judged.require_there(store)
            if judged.is_back:
                with suppress(DatabaseReadOnlyError):
                    await database.write(note_new_store, None)
    except NotSetUpError:
        return storage
    except DamError as error:
        return replace(storage, ok=False, message=error.message, hint=error.hint)
    return storage


async def _plugins(config: WorldConfig) -> list[PluginInDatabase]:
    """Return the plugins that have tables; none if the database cannot be used."""
    try:
        async with _opened(config) as database:
            return await database.read(list_plugins)
    except DamError:
        return []


async def _database(
    config: WorldConfig, plugins: Sequence[PluginSchema], *, is_configured: bool
) -> DatabaseHealth:
    url = url_without_password(config.database_url)
    try:
        await _use_database(config, plugins)
    except NotSetUpError as error:
        folder = await asyncio.to_thread(_folder_of_database, config.database_url)
        if folder is not None and not folder.ok:
            message = f"does not exist yet; its folder {folder.path}: {folder.message}"
            return DatabaseHealth(ok=False, url=url, message=message, hint=folder.hint)
        if is_configured:
            return DatabaseHealth(ok=False, url=url, message=error.message, hint=error.hint)
        return DatabaseHealth(ok=True, url=url, message="does not exist yet; created on first use")
    except DamError as error:
        return DatabaseHealth(ok=False, url=url, message=error.message, hint=error.hint)
    return DatabaseHealth(ok=True, url=url, message="set up and writable")


async def _use_database(config: WorldConfig, plugins: Sequence[PluginSchema]) -> None:
    async with _opened(config) as database:
        await schema_service.check_plugins(database, plugins)
        await database.read(_refuse_malformed, database)
        async with database.writer() as session:
            await session.execute(select(1))  # on SQLite, `writer` takes the write lock
        await database.require_writable()


@asynccontextmanager
async def _opened(config: WorldConfig) -> AsyncIterator[Database]:
    """Open the database of a world; raise unless it has the schema of this program."""
    context = WorldContext(world_name=config.name, run_id="doctor")
    database = Database(config.database_url, context, busy_timeout_s=_BUSY_TIMEOUT_S)
    try:
        await schema_service.check_schema(database)
        yield database
    finally:
        await database.close()


async def _refuse_malformed(session: AsyncSession, database: Database) -> None:
    connection = await session.connection()
    await connection.run_sync(schema_service.refuse_malformed, database)


def _folder_of_database(url: str) -> FolderHealth | None:
    """Return the health of the folder in which a SQLite file will be made; None on PostgreSQL."""
    parsed = parse_database_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    return _folder(
        Path(parsed.database).parent, "set DAM_DATABASE_URL to a file in a writable folder"
    )


def _storage(address: str) -> FolderHealth:
    hint = "set DAM_ASSET_STORAGE_PATH to a writable folder"
    try:
        roots = open_store(address).local_roots()
    except DamError as error:
        return FolderHealth(
            ok=False,
            path=place_without_password(address),
            free_bytes=None,
            message=error.message,
            hint=error.hint,
        )
    (root,) = roots
    return _folder(root, hint)


def _folder(path: Path, hint: str) -> FolderHealth:
    """Return a folder's health, by writing an unnamed file to it or its nearest existing parent."""
    shown = display_path(path)
    there = path
    try:
        while not there.exists():
            there = there.parent
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"\0")
        free_bytes = shutil.disk_usage(there).free
    except OSError as error:
        message = f"not writable: {words_for(error)}"
        if there != path:
            place = display_path(there)
            message = f"does not exist, and cannot be made in {place}: {words_for(error)}"
        return FolderHealth(ok=False, path=shown, free_bytes=None, message=message, hint=hint)
    if free_bytes < _LEAST_FREE_BYTES:
        message = f"only {free_bytes} bytes are free on its disk; needed: {_LEAST_FREE_BYTES}"
        return FolderHealth(
            ok=False,
            path=shown,
            free_bytes=free_bytes,
            message=message,
            hint="free some space on that disk",
        )
    message = "writable" if there == path else "does not exist yet; created on first use"
    return FolderHealth(ok=True, path=shown, free_bytes=free_bytes, message=message)
