"""Adds files and has systems work on them while more files come in."""

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.world import World
from dam.services.asset_service import last_paths
from dam.services.failure_service import Failure, failures_at, list_failures
from dam.services.import_service.importing import ImportOptions, OnOutcome, import_files
from dam.services.import_service.outcome import ImportReport
from dam.services.process_service import ProcessObserver, with_systems


async def add_files(
    world: World,
    paths: Iterable[str],
    options: ImportOptions,
    on_outcome: OnOutcome | None = None,
    observer: ProcessObserver | None = None,
    on_wait: Callable[[], None] | None = None,
) -> ImportReport:
    """Import files and run all systems until nothing is pending; return what the import did.

    `on_outcome` and `on_wait` are called as by `import_files`.

    Storing waits for the disk and decoding for the cores, so both go on at the same time.

    Raises:
        EnvironmentFaultError: The store or the database cannot be used; nothing more is tried.
    """

    async def work(on_recorded: Callable[[], None]) -> ImportReport:
        return await import_files(world, paths, options, on_outcome, on_recorded, on_wait)

    return await with_systems(world, work, observer)


async def failures_of_run(
    session: AsyncSession, paths: Iterable[str], *, since: datetime
) -> list[tuple[str, Failure]]:
    """Return the open failures at `paths`, and all that occurred since `add_files` began, by path.

    It also works off what others have left pending; a file of theirs goes by the path where it was
    seen last, even if it is there no more, and a page of a comic by its name.
    """
    found = await failures_at(session, paths, since=since)
    listed = {(failure.entity_id, failure.system) for _, failure in found}
    others = [
        failure
        for failure in await list_failures(session, since=since)
        if (failure.entity_id, failure.system) not in listed
    ]
    seen = await last_paths(session, {failure.entity_id for failure in others})
    for other in others:
        path = seen.get(other.entity_id) or other.name or f"entity {other.entity_id}"
        found.append((path, other))
    return found
