"""What tests do in other processes, all at the same moment."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

import psycopg
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.config import WorldContext
from dam.core.database.database import Database
from dam.core.ecs.components import table_of
from dam.core.ecs.identities import entities_for_digests
from dam.core.ecs.rows import write_rows
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, system
from dam.core.systems.params import MarkedEntityList, WorldSession
from dam.models import (
    ContentHashSHA256Component,
    FileLocationComponent,
    ImageDimensionsComponent,
    NeedsContentAnalysisComponent,
    NeedsMetadataExtractionComponent,
)
from tests.core.worlds import HANG_S, NOW, builder_of, new_entities, size

PROJECT = Path(__file__).parents[2]
KILLS_EACH = 10
LEASE_S = 0.3


def run_together(url: str, *jobs: str) -> None:
    """Run each job in a process of its own; they begin together, and none may fail."""
    command = [sys.executable, "-m", __name__, url, *jobs]
    done = subprocess.run(
        command, cwd=PROJECT, timeout=HANG_S, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def wait_until_alone(postgres_url: str) -> None:
    """Wait until the server has noticed that its clients are gone: they may commit until then."""
    are_gone = """
        SELECT coalesce(bool_and(pg_terminate_backend(pid, %s)), true) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
    """
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        # False also says that one went by itself in between; then there is nobody left to ask for.
        answers = (connection.execute(are_gone, [HANG_S * 1000]).fetchone() for _ in range(3))
        assert (True,) in answers


async def create(database: Database, _number: int) -> None:
    """Create entities; the primary key refuses an id that was given out twice."""
    for count in range(1, 31):
        await database.write(new_entities, count % 5 + 1)


async def increment(database: Database, _number: int) -> None:
    """Read a number, add one, write it back."""

    async def add_one(session: AsyncSession) -> None:
        found = (
            await session.scalars(select(ImageDimensionsComponent.width).with_for_update())
        ).one()
        changed = update(table_of(ImageDimensionsComponent)).values(width=found + 1)
        await session.execute(changed)

    for _ in range(150):
        await database.write(add_one)


async def take_digests(database: Database, number: int) -> None:
    """Get or create the entities of the same digests, in another order than one's neighbour."""
    for round_ in range(20):
        digests = [bytes([round_, place]) * 16 for place in range(20)]
        if number % 2:
            digests.reverse()
        await database.write(entities_for_digests, ContentHashSHA256Component, digests, now=NOW)


@system(stage=SystemStage.METADATA_EXTRACTION, batch_size=4)
async def describe(
    assets: MarkedEntityList[NeedsMetadataExtractionComponent], commands: Commands
) -> None:
    """Add a row, which shows when it is done twice."""
    for asset in assets:
        commands.set(asset, size(1))
        commands.add(asset, FileLocationComponent(storage="store"))
        commands.mark(asset, NeedsContentAnalysisComponent)


@system(stage=SystemStage.CONTENT_ANALYSIS, batch_size=4)
async def analyse(
    assets: MarkedEntityList[NeedsContentAnalysisComponent], session: WorldSession
) -> None:
    """The same in the scheduler's own transaction."""
    rows = [{"entity_id": asset, "storage": "reference"} for asset in assets]
    await write_rows(session, FileLocationComponent, rows, replace=False)


async def work_until_killed(url: str, moment_s: float) -> None:
    """Work markers off until the kernel ends this process, at any instruction."""
    signal.setitimer(signal.ITIMER_REAL, moment_s)
    world = await builder_of(url, describe, analyse, lease_s=LEASE_S).build()
    while True:
        await world.run(new_entities, 40, NeedsMetadataExtractionComponent)
        await world.scheduler.run_until_idle()


def die_often(url: str, number: int) -> None:
    """Have children work and be killed, each at another moment of its life."""
    moments = random.Random(number)  # noqa: S311 - no secret
    for _ in range(KILLS_EACH):
        child = os.fork()
        if child == 0:
            asyncio.run(work_until_killed(url, moments.uniform(0.01, 0.3)))
            os._exit(1)
        _child, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGALRM


Job = Callable[[Database, int], Awaitable[None]]
JOBS: dict[str, Job] = {job.__name__: job for job in (create, increment, take_digests)}


async def run_job(job: Job, url: str, number: int) -> None:
    """Run a job on a database that is this process's own to close."""
    database = Database(url, WorldContext(world_name="test", run_id=str(number)))
    await job(database, number)
    await database.close()


def start(name: str, url: str, number: int) -> int:
    """Run a job in a child, which has everything loaded already; return its process id."""
    child = os.fork()
    if child:
        return child
    try:
        if name == die_often.__name__:
            die_often(url, number)
        else:
            asyncio.run(run_job(JOBS[name], url, number))
    except BaseException:  # noqa: BLE001 - nothing of the child may run on in the parent's code
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main(url: str, jobs: list[str]) -> None:
    """Start the jobs and wait for all of them."""
    children = [start(job, url, number) for number, job in enumerate(jobs)]
    statuses = [os.waitpid(child, 0)[1] for child in children]
    sys.exit(any(statuses))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
