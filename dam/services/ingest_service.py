"""Adds files and has systems work on them while more files come in."""

import asyncio
from collections.abc import Iterable

from dam.core.world import World
from dam.services import process_service
from dam.services.import_service import ImportOptions, ImportReport, OnOutcome, import_files
from dam.services.process_service import ProcessObserver


async def add_files(
    world: World,
    paths: Iterable[str],
    options: ImportOptions,
    on_outcome: OnOutcome | None = None,
    observer: ProcessObserver | None = None,
) -> ImportReport:
    """Import files and run all systems until nothing is pending; return what the import did.

    Storing waits for the disk and decoding for the cores, so both go on at the same time.

    Raises:
        EnvironmentFaultError: The store or the database cannot be used; nothing more is tried.
    """
    news = asyncio.Event()
    importing = asyncio.create_task(import_files(world, paths, options, on_outcome, news.set))
    importing.add_done_callback(lambda _: news.set())
    try:
        is_first, is_over = True, False
        while not is_over:
            await news.wait()
            news.clear()
            is_over = importing.done()  # asked before, so that the last round sees every marker
            if is_over and importing.exception():
                break
            await process_service.process(world, observer=observer, retries_unblocked=is_first)
            is_first = False
        return importing.result()
    finally:
        importing.cancel()
        await asyncio.gather(importing, return_exceptions=True)  # the first fault is told, no other
