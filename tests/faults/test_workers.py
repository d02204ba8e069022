"""A worker that is killed or hangs costs the one file it works on, and that is named."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dam.app import build_world
from dam.core.world import World
from dam.services import failure_service
from dam.services.import_service import FileOutcome, ImportOptions, add_files
from dam.services.process_service import process, retry
from tests.databases import world_config
from tests.faults.forks import workers_of
from tests.faults.state import assert_complete, names_below

pytestmark = pytest.mark.slow

PICTURES = sorted((Path(__file__).parents[1] / "assets" / "pictures").iterdir())
LIMIT_S = 2.0


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """A world whose workers are processes and have little time for a file."""
    config = world_config(database_url, worker_kind="process", task_timeout_s=LIMIT_S)
    world = await build_world(config, plugins=False)
    yield world
    await world.close()


@pytest.mark.parametrize(
    ("number", "error", "message"),
    [
        (signal.SIGKILL, "WorkerDiedError", "the worker process was killed by SIGKILL"),
        (signal.SIGSTOP, "WorkerTimeoutError", "took longer than 2 s and was stopped"),
    ],
)
async def test_one_worker_that_fails_costs_one_file_at_most(
    world: World, number: int, error: str, message: str
) -> None:
    outcomes: list[FileOutcome] = []
    thumbnails = world.config.cache_path
    strike = asyncio.create_task(strike_a_worker(number, thumbnails))
    await add_files(world, map(str, PICTURES), ImportOptions(), outcomes.append)
    await strike
    assert {outcome.status for outcome in outcomes} <= {"added", "known"}
    failures = await world.read(failure_service.list_failures)
    assert [(one.error, one.message) for one in failures] in ([], [(error, message)])
    await retry(world, None)
    await process(world)
    assert await world.read(failure_service.list_failures) == []
    await assert_complete(world, PICTURES)


async def strike_a_worker(number: int, thumbnails: Path) -> None:
    """Send the signal to the only worker when it has begun to look at pictures."""
    while not names_below(thumbnails):  # noqa: ASYNC110 - the file system sends no events
        await asyncio.sleep(0.001)
    (worker,) = workers_of(os.getpid())
    os.kill(worker, number)
