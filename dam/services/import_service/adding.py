"""Adds files: imports them, and runs systems on them while more files are imported."""

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.read_only import ReadOnly
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
    """Import files and run all systems until nothing is pending; return the import's report.

    Importing waits for the disk and decoding for the processor, so both run at the same time.

    Example: `await add_files(world, ["/pictures"], ImportOptions(is_recursive=True), print)`.

    Args:
        world: The world that gets the files.
        paths: Files and folders.
        options: How to import them.
        on_outcome: As in `import_files`.
        observer: Is told about the progress of the systems.
        on_wait: As in `import_files`.

    Raises:
        EnvironmentFaultError: The store or the database cannot be used; the import stops.
    """

    async def work(on_recorded: Callable[[], None]) -> ImportReport:
        return await import_files(world, paths, options, on_outcome, on_recorded, on_wait)

    return await with_systems(world, work, observer)


async def failures_of_run(
    session: ReadOnly[AsyncSession], paths: Iterable[str], *, since: datetime
) -> list[tuple[str, Failure]]:
    """Return the open failures to report after `add_files`, each with its path.

    Those are the failures of files at or below `paths` that were seen since then, and all failures
    that occurred since then. The latter may concern other files, because `add_files` also runs work
    that earlier commands left pending. Such a file is named by the path where it was last seen (it
    may be gone now), a comic page by its file name.

    Example: `await failures_of_run(session, ["/pictures"], since=begun_at)`.

    Args:
        session: An open transaction.
        paths: The paths given to `add_files`.
        since: When `add_files` began.
    """
    found = await failures_at(session, paths, since=since)
    listed = {(failure.entity_id, failure.system) for _, failure in found}
    elsewhere = [
        failure
        for failure in await list_failures(session, since=since)
        if (failure.entity_id, failure.system) not in listed
    ]
    seen = await last_paths(session, {failure.entity_id for failure in elsewhere})
    for failure in elsewhere:
        path = seen.get(failure.entity_id) or failure.name or f"entity {failure.entity_id}"
        found.append((path, failure))
    return found
