"""Adds files and has systems work on them while more files come in."""

from collections.abc import Callable, Iterable

from dam.core.world import World
from dam.services.import_service import ImportOptions, ImportReport, OnOutcome, import_files
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
