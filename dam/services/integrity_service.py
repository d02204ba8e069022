"""Verifies that the bytes of assets still exist and still have the recorded digest."""

import asyncio
from collections import defaultdict
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import suppress
from dataclasses import dataclass, field, replace

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.errors import DamError, DatabaseReadOnlyError
from dam.models import (
    ContentHashSHA256Component,
    ContentSuccessorComponent,
    FilePropertiesComponent,
)
from dam.services import content_service
from dam.services.asset_service import IdOrPrefix, resolve_ids
from dam.services.content_service import ShownLocation, TouchedFile, location_of, names_of
from dam.services.file_operations import FileOperationsResource
from dam.services.store_service import require_store
from dam.storage.content_store import ContentStore
from dam.storage.contents.checking import CheckedPlace, ExpectedContent

OnProgress = Callable[[int, int], None]
"""Called with the number of checked assets and the total number."""

_PAGE = 1_000
# A group is large enough to keep the workers busy, and small enough for regular progress reports.
_GROUP_ASSETS = 16
_GROUP_BYTES = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An asset with damaged or missing bytes: the names of its sources, and the bad places."""

    entity_id: EntityId
    sha256: bytes
    names: Sequence[str]
    locations: Sequence[ShownLocation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable(Finding):
    """An asset with places that cannot be reached now, and the reason.

    `is_intact_elsewhere` says that another place has the right bytes.
    """

    reason: str
    is_intact_elsewhere: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost(Finding):
    """An asset without any place: its file has other bytes now, those of its successors."""

    successors: Sequence[EntityId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchecked:
    """An asset with a place that could not be checked, and the error."""

    entity_id: EntityId
    sha256: bytes
    error: str
    message: str
    hint: str | None


@dataclass(kw_only=True)
class Verification:
    """The number of checked assets, and what was found, in the order of the ids.

    `touched` assets are intact: a user's file has another time than recorded, and the right bytes.
    The new time is recorded, unless the database is read-only.
    """

    checked: int = 0
    damaged: list[Finding] = field(default_factory=list)
    missing: list[Finding] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    not_reachable: list[Unreachable] = field(default_factory=list)
    touched: list[Finding] = field(default_factory=list)
    failed: list[Unchecked] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Asset:
    entity_id: EntityId
    digest: bytes
    size_bytes: int | None
    places: tuple[ExpectedContent, ...]
    successors: tuple[EntityId, ...] = ()


async def verify(
    world: World,
    given: Sequence[IdOrPrefix] | None = None,
    *,
    is_fast: bool = False,
    on_progress: OnProgress | None = None,
) -> Verification:
    """Check the bytes of assets in the store, in referenced files and in archives.

    Example: `await verify(world, [12, "0a1b2c3d"], is_fast=True)`.

    Args:
        world: The world of the assets.
        given: Ids or hash prefixes; None means every asset.
        is_fast: Compare only sizes and times; read only user's files with another time.
        on_progress: Called after each group of assets.

    Raises:
        EntityNotFoundError, AmbiguousIdError: As in `resolve_ids`.
        StoreNotThereError: The store as a whole is missing, not only some files.
        EnvironmentFaultError: The store or the database cannot be used.
    """
    await require_store(world, only_reads=True)
    chosen = None if given is None else sorted(await world.read(resolve_ids, given))
    total = await world.read(_count) if chosen is None else len(chosen)
    found = Verification()
    async for page in _pages(world, chosen):
        for group in _groups(page):
            await _check(world, group, found, is_fast=is_fast)
            if on_progress:
                on_progress(found.checked, max(found.checked, total))
    return found


async def _check(
    world: World, assets: Sequence[_Asset], found: Verification, *, is_fast: bool
) -> None:
    """Check the places of some assets, and add the results to `found`."""
    files = world.resources.get(FileOperationsResource)
    places = [(asset, place) for asset in assets for place in asset.places]
    begun_at = world.context.now()
    states = await files.check([place for _, place in places], is_fast=is_fast)
    told = _Told()
    for (asset, place), state in zip(places, states, strict=True):
        if isinstance(state, Exception):
            found.failed.append(_unchecked(asset, state))
        else:
            told.take(asset, place, state)
    for asset in assets:
        if not asset.places:
            told.by_state["lost" if asset.successors else "missing"][asset.entity_id] = []
    found.checked += len(assets)
    told.excuse_moved()
    found.damaged += await _confirmed(world, files.store, told.by_state["damaged"])
    found.missing += await _confirmed(world, files.store, told.by_state["missing"])
    found.touched += await _confirmed(world, files.store, told.by_state["touched"])
    unreachable = await _confirmed(world, files.store, told.by_state["not reachable"])
    found.not_reachable += [told.unreachable(finding) for finding in unreachable]
    lost = await _confirmed(world, files.store, told.by_state["lost"])
    found.lost += [_lost(finding, assets) for finding in lost]
    if told.touched:
        with suppress(DatabaseReadOnlyError):
            await world.run(content_service.note_touched, told.touched, read_at=begun_at)


class _Told:
    """The places of some assets that are not simply in order, by state."""

    def __init__(self) -> None:
        self.by_state: dict[str, dict[EntityId, list[ExpectedContent]]] = defaultdict(dict)
        self.touched: list[TouchedFile] = []
        self._reasons: dict[EntityId, str] = {}
        self._intact: set[EntityId] = set()
        self._intact_in_place: set[EntityId] = set()

    def take(self, asset: _Asset, place: ExpectedContent, checked: CheckedPlace) -> None:
        """Note the state of one place."""
        entity_id = asset.entity_id
        if checked.state in ("ok", "touched"):
            self._intact.add(entity_id)
            if place.reference is not None:
                self._intact_in_place.add(entity_id)
        if checked.state != "ok":
            self.by_state[checked.state].setdefault(entity_id, []).append(place)
        if checked.reason is not None:
            self._reasons[entity_id] = checked.reason
        if checked.touched_mtime_ns is not None and place.reference is not None:
            found = replace(place.reference, mtime_ns=checked.touched_mtime_ns)
            self.touched.append(TouchedFile(entity_id, place.reference, found))

    def excuse_moved(self) -> None:
        """Make a missing file a place that is not reachable, if the asset has another file.

        It was moved, or its disk is another one now; nothing is lost.
        """
        missing = self.by_state["missing"]
        for entity_id in self._intact_in_place & missing.keys():
            paths = [place.reference.path for place in missing[entity_id] if place.reference]
            if len(paths) == len(missing[entity_id]):
                moved = missing.pop(entity_id)
                self.by_state["not reachable"].setdefault(entity_id, []).extend(moved)
                self._reasons.setdefault(entity_id, f"{paths[0]} is gone")

    def unreachable(self, finding: Finding) -> Unreachable:
        """Return the finding with the reason."""
        return Unreachable(
            entity_id=finding.entity_id,
            sha256=finding.sha256,
            names=finding.names,
            locations=finding.locations,
            reason=self._reasons[finding.entity_id],
            is_intact_elsewhere=finding.entity_id in self._intact,
        )


def _lost(finding: Finding, assets: Sequence[_Asset]) -> Lost:
    """Return the finding with the successors of its asset."""
    (successors,) = (one.successors for one in assets if one.entity_id == finding.entity_id)
    return Lost(
        entity_id=finding.entity_id,
        sha256=finding.sha256,
        names=finding.names,
        locations=finding.locations,
        successors=successors,
    )


async def _confirmed(
    world: World, store: ContentStore, bad: Mapping[EntityId, Sequence[ExpectedContent]]
) -> list[Finding]:
    if not bad:
        return []
    places = {place for places in bad.values() for place in places}
    shown = await asyncio.to_thread(_shown_places, store, places)
    return await world.read(_findings, bad, shown)


def _shown_places(
    store: ContentStore, places: Iterable[ExpectedContent]
) -> dict[ExpectedContent, ShownLocation]:
    """Return the places as people read them, with a path if there is one."""
    return {
        place: location_of(store, place.digest, place.reference or place.member) for place in places
    }


def _unchecked(asset: _Asset, error: Exception) -> Unchecked:
    if not isinstance(error, DamError):
        raise error
    return Unchecked(
        entity_id=asset.entity_id,
        sha256=asset.digest,
        error=type(error).__name__,
        message=error.message,
        hint=error.hint,
    )


async def _count(session: AsyncSession) -> int:
    counted = select(func.count()).select_from(ContentHashSHA256Component)
    return (await session.execute(counted)).scalar_one()


async def _pages(
    world: World, chosen: Sequence[EntityId] | None
) -> AsyncIterator[Sequence[_Asset]]:
    """Yield the assets to check, in pages, by id."""
    digest = ContentHashSHA256Component
    if chosen is not None:
        for ids in portions(chosen, _PAGE):
            yield await world.read(_assets, digest.entity_id.in_(ids))
        return
    last = 0
    while page := await world.read(_assets, digest.entity_id > last):
        yield page
        last = page[-1].entity_id


def _groups(assets: Sequence[_Asset]) -> Iterator[list[_Asset]]:
    group: list[_Asset] = []
    size_bytes = 0
    for asset in assets:
        group.append(asset)
        size_bytes += (asset.size_bytes or 0) * len(asset.places)
        if len(group) >= _GROUP_ASSETS and size_bytes >= _GROUP_BYTES:
            yield group
            group, size_bytes = [], 0
    if group:
        yield group


async def _assets(session: AsyncSession, condition: ColumnElement[bool]) -> list[_Asset]:
    """Return the next assets, by id; those without a place with their successors."""
    digest, file = ContentHashSHA256Component, FilePropertiesComponent
    statement = (
        select(digest.entity_id, digest.digest, file.size_bytes)
        .outerjoin(file, file.entity_id == digest.entity_id)
        .where(condition)
        .order_by(digest.entity_id)
        .limit(_PAGE)
    )
    rows = (await session.execute(statement)).all()
    places = await _places(session, {entity_id: size for entity_id, _, size in rows})
    bare = [entity_id for entity_id, found in places.items() if not found]
    successors = await _successors(session, bare)
    return [
        _Asset(entity_id, sha256, size, tuple(places[entity_id]), tuple(successors[entity_id]))
        for entity_id, sha256, size in rows
    ]


async def _successors(
    session: AsyncSession, entity_ids: Collection[EntityId]
) -> dict[EntityId, list[EntityId]]:
    """Return the assets that have the later bytes of the files of these assets."""
    later = ContentSuccessorComponent
    found: dict[EntityId, list[EntityId]] = defaultdict(list)
    for ids in portions(sorted(entity_ids)):
        pairs = select(later.entity_id, later.successor_entity_id).where(later.entity_id.in_(ids))
        for entity_id, successor in await session.execute(pairs.order_by(later.id)):
            found[entity_id].append(successor)
    return found


async def _places(
    session: AsyncSession, contents: Mapping[EntityId, int | None]
) -> dict[EntityId, list[ExpectedContent]]:
    """Return the places where the bytes of each asset should be, and their expected size."""
    places: dict[EntityId, list[ExpectedContent]] = {entity_id: [] for entity_id in contents}
    located = await content_service.locate(session, contents)
    for entity_id, content in located.items():
        place = ExpectedContent(digest=content.digest, size_bytes=contents[entity_id])
        if content.is_stored:
            places[entity_id].append(place)
        places[entity_id] += [replace(place, reference=found) for found in content.references]
        places[entity_id] += [replace(place, member=found) for found in content.members]
    return places


async def _findings(
    session: AsyncSession,
    bad: Mapping[EntityId, Sequence[ExpectedContent]],
    shown: Mapping[ExpectedContent, ShownLocation],
) -> list[Finding]:
    """Return the problems that still stand: not those of places removed or replaced meanwhile."""
    now = await _assets(session, ContentHashSHA256Component.entity_id.in_(bad))
    names = await names_of(session, bad)
    findings = []
    for asset in now:
        still = [place for place in bad[asset.entity_id] if place in asset.places]
        if still or not asset.places:
            findings.append(
                Finding(
                    entity_id=asset.entity_id,
                    sha256=asset.digest,
                    names=names[asset.entity_id],
                    locations=[shown[place] for place in still],
                )
            )
    return findings
