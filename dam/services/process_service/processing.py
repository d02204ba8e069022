"""Processes pending work: `add-asset` and `process` run systems through this module."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import Select, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.values import refuse_text
from dam.core.ecs.components import (
    AnyComponent,
    EntityId,
    MarkerComponent,
)
from dam.core.media_kinds import MediaKinds
from dam.core.new_entities import NewEntityMarkers
from dam.core.scheduling.leases import count_pending
from dam.core.scheduling.observer import Observer
from dam.core.systems.declaration import SystemStage
from dam.core.systems.params import EarlierMarkers, Plan
from dam.core.world import World
from dam.errors import ItemError, UnknownNameError
from dam.models import ContentHashSHA256Component, FilePropertiesComponent
from dam.services.content_service import NewAsset
from dam.services.ecs_service import mark_in_pages
from dam.services.file_operations import FileOperationsResource
from dam.services.process_service.outdated import mark_outdated
from dam.services.process_service.retrying import retry_unblocked
from dam.services.source_removal_service import WorkedOff, work_off_removals
from dam.services.store_service import require_store

T = TypeVar("T")

log = logging.getLogger(__name__)
of_people = logging.getLogger("dam")  # the line names no module

STAGES = tuple(stage.value for stage in SystemStage)
"""The names of the stages, in the order in which they are run."""

_COUNT_EVERY_S = 2.0
_MOST_KINDS_TOLD = 5
_WITHOUT_HASHES = "type:image missing:ImagePerceptualPHash -failed:"


class ProcessObserver(Observer, Protocol):
    """Is told about the progress of the work, and how much is left."""

    def pending(self, entities: int) -> None:
        """`entities` entities carry a marker now; later stages may mark more."""


@dataclass(frozen=True, kw_only=True)
class Processed:
    """The result of `process`.

    Args:
        processed: The number of entities that each system has processed, including 0.
        failed: The number of failures among them.
        removed_sources: The number of sources left by earlier moves that were removed now.
        left_sources: Sources that stay, each with the error that prevented its removal.
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
    is_round: bool = False,
    is_dry_run: bool = False,
) -> Processed:
    """Run systems until nothing is pending, including entities that other processes have leased.

    Before that, remove the sources that earlier moves on this machine have stored but not removed.

    Example: compute the hashes of pictures that were added before the program knew hashes:

        await process(world, marker_name="NeedsContentAnalysisComponent")

    Args:
        world: The world of the work.
        stages: The names of the stages to run; if empty, all stages.
        marker_name: First set this marker on existing assets that lack it, as an import would set
            it now: on all assets that have what its system needs, or, if the marker has a rule, on
            those for which the rule says yes.
        observer: Is told about the progress.
        marks_outdated: First mark entities whose results an older version of the program computed.
        retries_unblocked: First mark failures again if what they lacked is here now: a decoder, an
            extra, or a folder. A caller in a loop asks for this only once.
        is_round: This is one of many calls during an import. It has removed the sources of earlier
            moves, and at its end it tells which pictures nothing can decode.
        is_dry_run: Run and mark nothing; return how many entities each system would be given.

    Raises:
        UnknownNameError: There is no such stage, or no system that processes such a marker.
        NotSettledError: Systems mark entities for each other without end.
        StoreNotThereError: The store as a whole is missing; no system is run.
    """
    refuse_text(stages=stages)
    await require_store(world, is_dry_run=is_dry_run)
    chosen = [_stage(name) for name in stages] or list(SystemStage)
    names = [plan.name for plan in world.scheduler.systems(chosen)]
    markers = world.scheduler.markers(chosen)
    marked = Counter[str]()
    filled = None if marker_name is None else _system_of(world, marker_name)
    sources = WorkedOff() if is_round else await work_off_removals(world, is_dry_run=is_dry_run)
    if filled is not None:
        marked[filled.name] = await _mark_existing(world, filled, is_dry_run=is_dry_run)
    others = {name: kind for name, kind in markers.items() if not filled or name != filled.name}
    if marks_outdated:
        marked += await mark_outdated(world, others, is_dry_run=is_dry_run)
    if retries_unblocked:
        marked += await retry_unblocked(world, others, is_dry_run=is_dry_run)
    for name, count in (+marked).items():
        log.debug("marked to be worked on again", extra={"system": name, "entities": count})
    if is_dry_run:
        marked += await world.read(_count_by_system, markers, world.scheduler.queues(chosen))
        planned = {name: marked[name] for name in names}
        return Processed(processed=planned, failed=0, removed_sources=sources.removed)
    await world.resources.get(FileOperationsResource).clear_left_copies()
    async with _counted(world, list(markers.values()), observer):
        report = await world.scheduler.run_until_idle(chosen, observer)
    if not is_round:
        _tell_undecodable(world)
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
    """Run `work`, and all systems at the same time until nothing is pending; return its result.

    Args:
        world: The world of the work.
        work: Gets a function that it must call whenever there may be new entities to process.
        observer: Is told about the progress of the systems.

    Example: `add_files` gives an import as `work`, which calls the function after each commit.
    """
    news = asyncio.Event()
    working = asyncio.create_task(work(news.set))
    working.add_done_callback(lambda _: news.set())
    try:
        is_first, is_over = True, False
        while not is_over:
            await news.wait()
            news.clear()
            # Asked before `process`, so that the last round sees every marker.
            is_over = working.done()
            if is_over and working.exception():
                break
            await process(world, observer=observer, retries_unblocked=is_first, is_round=True)
            is_first = False
        _tell_undecodable(world)
        return working.result()
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)  # only the first error is raised


def _tell_undecodable(world: World) -> None:
    """Warn once of sound pictures that nothing can decode: no failures, as no retry would help."""
    found = world.resources.get(FileOperationsResource).undecodable
    if not found:
        return
    kinds = [f"{message} ({count})" for message, count in found.most_common(_MOST_KINDS_TOLD)]
    if (more := len(found) - _MOST_KINDS_TOLD) > 0:
        kinds.append(f"and {more} more kind{'s' * (more > 1)}")
    files = found.total()
    of_people.warning(
        "%d picture%s cannot be shown: %s; `dam-cli search '%s'` lists %s",
        files,
        "s" * (files > 1),
        ", ".join(kinds),
        _WITHOUT_HASHES,
        "them" if files > 1 else "it",
    )
    found.clear()


def _stage(name: str) -> SystemStage:
    """Return a stage by its name: `CONTENT_ANALYSIS` and `content-analysis` mean the same."""
    member = SystemStage.__members__.get(name.upper().replace("-", "_"))
    if member is None:
        raise UnknownNameError("stage", name, [stage.value for stage in SystemStage])
    return member


def _system_of(world: World, marker_name: str) -> Plan:
    """Return the system that processes a marker."""
    systems = {plan.marker.__name__: plan for plan in world.scheduler.systems() if plan.marker}
    if marker_name not in systems:
        raise UnknownNameError("marker", marker_name, list(systems))
    return systems[marker_name]


async def _mark_existing(world: World, plan: Plan, *, is_dry_run: bool) -> int:
    """Set a system's marker on the existing assets that it is for; return how many got it."""
    marker = plan.marker
    assert marker is not None
    rules = world.resources.get(NewEntityMarkers)
    kinds = world.resources.get(MediaKinds)
    required = plan.stage_facts.requires

    def is_meant(entity_id: EntityId, sha256: bytes, size_bytes: int, name: str) -> bool:
        asset = NewAsset(entity_id=entity_id, digest=sha256, size_bytes=size_bytes, name=name)
        return rules.wants(marker, asset)

    kind_types = sorted({each for kind in kinds.kinds() for each in kind.media_types})
    unmarked = _unmarked(marker, required, kinds.types_before(marker), kind_types)
    return await mark_in_pages(world, marker, unmarked, is_meant=is_meant, is_dry_run=is_dry_run)


def _unmarked(
    marker: type[MarkerComponent],
    required: type[AnyComponent] | None,
    media_types: Collection[str] | None,
    kind_types: Collection[str],
) -> Select[EntityId, bytes, int, str]:
    """Select the assets without a marker that could get it, with the facts its rule needs.

    Args:
        marker: The marker.
        required: A component that they must have; None for no condition.
        media_types: The media types, or patterns such as `image/*`, of which one must be theirs, as
            found in a description that did not fail. None for no condition.
        kind_types: The media types of all kinds, whose descriptions may fail.
    """
    digest, file = ContentHashSHA256Component, FilePropertiesComponent
    found = (
        select(digest.entity_id, digest.digest, file.size_bytes, file.name_text)
        .join(file, file.entity_id == digest.entity_id)
        .where(~exists().where(marker.entity_id == digest.entity_id))
    )
    if required is not None:
        found = found.where(exists().where(required.entity_id == digest.entity_id))
    if media_types is not None:
        exact = sorted(each for each in media_types if not each.endswith("*"))
        prefixes = sorted(each.removesuffix("*") for each in media_types if each.endswith("*"))
        of_type = [file.media_type.startswith(each, autoescape=True) for each in prefixes]
        is_described = or_(file.picture_version.is_not(None), file.media_type.not_in(kind_types))
        found = found.where(or_(file.media_type.in_(exact), *of_type), is_described)
    return found


async def _count_by_system(
    session: AsyncSession,
    markers: Mapping[str, type[MarkerComponent]],
    queues: Mapping[type[MarkerComponent], EarlierMarkers],
) -> Counter[str]:
    """Count the entities that each system would be given.

    That includes entities that wait for an earlier system, if that system is run, too.
    """
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
    """Tell the observer every few seconds how much is left, as long as the block runs."""
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
        # An error that stopped the count also stops the work, and is raised there.
        await asyncio.gather(teller, return_exceptions=True)
