"""Works off what is pending: the one function with which `add-asset` and `process` run systems."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import Select, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import (
    AnyComponent,
    EntityId,
    MarkerComponent,
    ProcessingErrorComponent,
)
from dam.core.new_entities import NewEntityMarkers
from dam.core.scheduling.leases import count_pending
from dam.core.scheduling.observer import Observer
from dam.core.systems.declaration import SystemStage
from dam.core.systems.params import EarlierMarkers
from dam.core.world import World
from dam.errors import ItemError, UnknownNameError
from dam.models import (
    ContentHashSHA256Component,
    FilePropertiesComponent,
    ImageDimensionsComponent,
    NeedsComicImportComponent,
    NeedsContentAnalysisComponent,
)
from dam.services.content_service import NewAsset
from dam.services.ecs_service import mark_in_pages
from dam.services.file_operations import FileOperationsResource
from dam.services.process_service.outdated import mark_outdated
from dam.services.process_service.retrying import markers_by_system, retry_unblocked
from dam.services.source_removal_service import WorkedOff, work_off_removals
from dam.services.store_service import require_store

T = TypeVar("T")

_COUNT_EVERY_S = 2.0

# What tells who is meant, for markers that no import sets and that content alone is too little for.
_BEARERS: Mapping[type[MarkerComponent], type[AnyComponent]] = {
    NeedsComicImportComponent: ProcessingErrorComponent,
    NeedsContentAnalysisComponent: ImageDimensionsComponent,
}


class ProcessObserver(Observer, Protocol):
    """Who wants to hear how the work goes on, and how much of it there is."""

    def pending(self, entities: int) -> None:
        """So much is left to be done, by what is known now; later stages may add to it."""


@dataclass(frozen=True, kw_only=True)
class Processed:
    """What was worked off.

    Args:
        processed: How many entities each system has worked on, also 0.
        failed: How many of them failed.
        removed_sources: How many files that a move had left were removed now.
        left_sources: Those that stay, and why.
    """

    processed: Mapping[str, int]
    failed: int
    removed_sources: int = 0
    left_sources: tuple[tuple[Path, ItemError], ...] = ()


async def process(
    world: World,
    *,
    stages: Collection[str] = (),
    marker_name: str | None = None,
    observer: ProcessObserver | None = None,
    marks_outdated: bool = False,
    retries_unblocked: bool = True,
    ends_moves: bool = True,
    is_dry_run: bool = False,
) -> Processed:
    """Run systems until nothing is pending, also what other processes have on lease.

    First remove the files that earlier moves on this machine have stored and left where they were.

    Args:
        world: Where the work is.
        stages: The names of the stages to run; without any, all of them.
        marker_name: Mark old assets with this first, just as the import would mark them now: those
            of which its rule says yes; without a rule, all that have what the marker is about.
        observer: Is told how it goes on.
        marks_outdated: Mark what an older version of the program has computed, too.
        retries_unblocked: First mark again what failed for want of a decoder or an extra that is
            there now; whoever calls this in a loop asks for it once.
        ends_moves: Remove what earlier moves have left; an import that runs has done so itself.
        is_dry_run: Run and mark nothing; return what the systems would be given.

    Raises:
        UnknownNameError: There is no such stage, or no system works off such a marker.
        NotSettledError: Systems go on marking entities for each other without end.
        StoreNotThereError: The store as a whole is missing; nothing is tried.
    """
    await require_store(world, is_dry_run=is_dry_run)
    chosen = [_stage(name) for name in stages] or list(SystemStage)
    names = [plan.name for plan in world.scheduler.systems() if plan.stage_facts.stage in chosen]
    markers = {name: kind for name, kind in markers_by_system(world).items() if name in names}
    marked = Counter[str]()
    filled, marker = (None, None) if marker_name is None else _consumer(world, marker_name)
    sources = WorkedOff()
    if ends_moves:
        sources = await work_off_removals(world, is_dry_run=is_dry_run)
    if filled is not None and marker is not None:
        marked[filled] = await _fill_in(world, marker, is_dry_run=is_dry_run)
    others = {name: kind for name, kind in markers.items() if name != filled}
    if marks_outdated:
        marked += await mark_outdated(world, others, is_dry_run=is_dry_run)
    if retries_unblocked:
        marked += await retry_unblocked(world, others, is_dry_run=is_dry_run)
    if is_dry_run:
        marked += await world.read(_count_by_system, markers, world.scheduler.queues(chosen))
        return Processed(
            processed={name: marked[name] for name in names},
            failed=0,
            removed_sources=sources.removed,
        )
    await world.resources.get(FileOperationsResource).clear_left_copies()
    async with _counted(world, list(markers.values()), observer):
        report = await world.scheduler.run_until_idle(chosen, observer)
    return Processed(
        processed={name: report.processed[name] for name in names},
        failed=report.failed,
        removed_sources=sources.removed,
        left_sources=sources.left,
    )


async def with_systems(
    world: World,
    work: Callable[[Callable[[], None]], Coroutine[None, None, T]],
    observer: ProcessObserver | None = None,
) -> T:
    """Return what `work` does, with all systems running until nothing is pending.

    `work` is given what to call whenever there may be new entities to be worked on.
    """
    news = asyncio.Event()
    working = asyncio.create_task(work(news.set))
    working.add_done_callback(lambda _: news.set())
    try:
        is_first, is_over = True, False
        while not is_over:
            await news.wait()
            news.clear()
            is_over = working.done()  # asked before, so that the last round sees every marker
            if is_over and working.exception():
                break
            await process(world, observer=observer, retries_unblocked=is_first, ends_moves=False)
            is_first = False
        return working.result()
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)  # the first fault is told, no other


def _stage(name: str) -> SystemStage:
    """Return the stage that is meant by its name, in code or on the command line."""
    member = SystemStage.__members__.get(name.upper().replace("-", "_"))
    if member is None:
        raise UnknownNameError("stage", name, [stage.value for stage in SystemStage])
    return member


def _consumer(world: World, marker_name: str) -> tuple[str, type[MarkerComponent]]:
    """Return the system that works off a marker, and the marker."""
    consumers = {kind.__name__: (name, kind) for name, kind in markers_by_system(world).items()}
    if marker_name not in consumers:
        raise UnknownNameError("marker", marker_name, list(consumers))
    return consumers[marker_name]


async def _fill_in(world: World, marker: type[MarkerComponent], *, is_dry_run: bool) -> int:
    """Mark the assets that a marker is for and that do not carry it; return how many."""
    rules = world.resources.get(NewEntityMarkers)

    def is_meant(entity_id: EntityId, sha256: bytes, size_bytes: int, name: str) -> bool:
        asset = NewAsset(entity_id=entity_id, digest=sha256, size_bytes=size_bytes, name=name)
        return rules.wants(marker, asset)

    return await mark_in_pages(
        world, marker, _unmarked(marker), is_meant=is_meant, is_dry_run=is_dry_run
    )


def _unmarked(marker: type[MarkerComponent]) -> Select[EntityId, bytes, int, str]:
    """Select the assets that could be marked, with what an import would have seen of them."""
    digest, file = ContentHashSHA256Component, FilePropertiesComponent
    bearer = _BEARERS.get(marker, digest)
    return (
        select(digest.entity_id, digest.digest, file.size_bytes, file.name_text)
        .join(file, file.entity_id == digest.entity_id)
        .where(exists().where(bearer.entity_id == digest.entity_id))
        .where(~exists().where(marker.entity_id == digest.entity_id))
    )


async def _count_by_system(
    session: AsyncSession,
    markers: Mapping[str, type[MarkerComponent]],
    queues: Mapping[type[MarkerComponent], EarlierMarkers],
) -> Counter[str]:
    """Count whom the systems would be given, also those who wait for a stage that is run, too."""
    counts = Counter[str]()
    for name, marker in markers.items():
        if marker in queues:
            earlier = tuple(first for first in queues[marker] if first not in queues)
            counts[name] = sum(await count_pending(session, {marker: earlier}))
    return counts


@asynccontextmanager
async def _counted(
    world: World, markers: Sequence[type[MarkerComponent]], observer: ProcessObserver | None
) -> AsyncIterator[None]:
    """Tell the observer again and again how much is left, as long as the block runs."""
    if observer is None:
        yield
        return

    async def tell() -> None:
        while True:
            observer.pending(sum(await world.read(count_pending, dict.fromkeys(markers, ()))))
            await asyncio.sleep(_COUNT_EVERY_S)

    teller = asyncio.create_task(tell())
    try:
        yield
    finally:
        teller.cancel()
        # What hindered the count hinders the work, too, and is raised there.
        await asyncio.gather(teller, return_exceptions=True)
