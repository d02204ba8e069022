"""`comic import` is killed at any moment: the same command again completes, no page is twice."""

from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import Base, table_of
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
from tests.faults.forks import ForkServer
from tests.faults.kills import killed_homes, run_again
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
    request: pytest.FixtureRequest, server: ForkServer, tmp_path: Path, engine: str
) -> None:
    make_library(tmp_path / "library")
    command = ("comic", "import", "-r", tmp_path / "library", "--jsonl")
    for home in killed_homes(server, command, tmp_path, request, engine, KILLS[engine]):
        again = run_again(server, command, home)
        assert [line["pages"] for line in again.jsonl] == [PAGES] * COMICS
        home.in_world(lambda world: world.read(assert_whole))
