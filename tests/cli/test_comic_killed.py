"""`comic import` is killed at any moment: the same command again completes, no page is twice."""

import asyncio
import shutil
import signal
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import build_world
from dam.core.ecs import Base, table_of
from dam.models import (
    ComicBookConceptComponent,
    ComicBookVariantComponent,
    ContentHashSHA256Component,
    FileLocationComponent,
    ImagePerceptualPHashComponent,
    NeedsContentAnalysisComponent,
    NeedsMetadataExtractionComponent,
    PageLink,
)
from tests.core.executor_watch import wait_until_gone
from tests.databases import PostgresServer, world_config
from tests.faults.forks import ForkServer, workers_of
from tests.services.comic_files import make_cbz, pages, picture

pytestmark = pytest.mark.slow

KILLS = {"sqlite": 6, "postgresql": 3}
COMICS, PAGES = 4, 6
ADVERT = picture(1000)


def make_library(folder: Path) -> None:
    """Make comics of two works, each with its own pages and one that all share."""
    for number in range(COMICS):
        members = {**pages(PAGES - 1, 100 * number), "zz.jpg": ADVERT}
        make_cbz(folder / f"Saga {number % 2 + 1} (2012) ({number}).cbz", members)


def fresh_url(engine: str, home: Path, request: pytest.FixtureRequest) -> str:
    home.mkdir()
    if engine == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), home / "dam.db")
        return f"sqlite:///{home / 'dam.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.create_database(with_schema=True)


async def let_a_minute_pass(session: AsyncSession) -> None:
    """Have the leases run out that a killed process left."""
    for marker in (NeedsMetadataExtractionComponent, NeedsContentAnalysisComponent):
        table = table_of(marker)
        held = update(table).where(table.c.lease_token.is_not(None))
        await session.execute(held.values(lease_until=0.0))


async def assert_whole(session: AsyncSession) -> None:
    """Assert that each comic is there once with all its pages, and none by halves."""
    wanted: dict[type[Base], int] = {
        ComicBookConceptComponent: 2,
        ComicBookVariantComponent: COMICS,
        PageLink: COMICS * PAGES,
        ContentHashSHA256Component: COMICS + COMICS * (PAGES - 1) + 1,
        FileLocationComponent: COMICS + COMICS * PAGES,
        ImagePerceptualPHashComponent: COMICS * (PAGES - 1) + 1,
        NeedsMetadataExtractionComponent: 0,
        NeedsContentAnalysisComponent: 0,
    }
    for kind, rows in wanted.items():
        found = await session.scalar(select(func.count()).select_from(table_of(kind)))
        assert found == rows, kind
    numbers = select(PageLink.owner_entity_id, PageLink.page_number)
    told: dict[int, list[int]] = {}
    for owner, number in (await session.execute(numbers)).all():
        told.setdefault(owner, []).append(number)
    assert {tuple(sorted(mine)) for mine in told.values()} == {tuple(range(1, PAGES + 1))}


@pytest.mark.parametrize("engine", KILLS)
def test_killed_at_any_moment_the_next_run_completes_it(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str
) -> None:
    make_library(tmp_path / "library")
    command = ("comic", "import", "-r", tmp_path / "library", "--jsonl")
    killed = 0
    with ForkServer(tmp_path) as server:
        whole_s = 0.0
        for number in range(KILLS[engine] + 1):
            home = tmp_path / str(number)
            url = fresh_url(engine, home, request)
            settings = {"DAM_DATABASE_URL": url, "DAM_ASSET_STORAGE_PATH": str(home / "store")}
            # The first runs undisturbed: it tells how long that takes.
            moment_s = whole_s * (number - 0.5) / KILLS[engine] if number else 0.0
            run = server.run(*command, home=home, settings=settings, killed_after_s=moment_s)
            whole_s = whole_s or run.elapsed_s
            killed += run.code == -signal.SIGALRM
            for worker in workers_of(run.process_id):
                wait_until_gone(worker)
            in_world(home, url, "run", let_a_minute_pass)
            again = server.run(*command, home=home, settings=settings)
            assert again.code == 0
            assert [line["pages"] for line in again.jsonl] == [PAGES] * COMICS
            in_world(home, url, "read", assert_whole)
    assert killed > KILLS[engine] / 2  # the others ended sooner than the first


def in_world(home: Path, url: str, how: str, fn: object) -> None:
    """Run a function on the world of a home folder."""

    async def work() -> None:
        config = world_config(
            url, storage_url=str(home / "store"), cache_path=home / ".cache" / "dam"
        )
        world = await build_world(config, plugins=False)
        try:
            await getattr(world, how)(fn)
        finally:
            await world.close()

    asyncio.run(work())
