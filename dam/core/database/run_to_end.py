"""Runs a transaction to its end, even if its caller is cancelled."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


async def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """Await `work`; if the caller is cancelled meanwhile, let `work` end before raising that.

    A transaction must not be cancelled in flight: whether it then commits depends on what its
    thread is doing, it may hold the database's lock after its caller has gone on, and SQLAlchemy
    discards its connection. This way, what the caller sees afterwards is final.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):  # it is raised once, below
                await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # retrieved, or asyncio logs that it never was
        raise
