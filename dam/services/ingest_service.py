"""Adds files and has systems work on them while more files come in."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import TypeVar

from dam.core.world import World
from dam.services import process_service
from dam.services.import_service import ImportOptions, ImportReport, OnOutcome, import_files
from dam.services.process_service import ProcessObserver

T = TypeVar("T")


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
            await process_service.process(world, observer=observer, retries_unblocked=is_first)
            is_first = False
        return working.result()
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)  # the first fault is told, no other
