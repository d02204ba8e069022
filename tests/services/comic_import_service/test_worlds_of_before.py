"""Comics that an older version imported keep what they are when they are imported again.

The older version read less: of names only the whole, of malformed documents nothing, and it took
pictures such as `.cover.jpg` for hidden.
"""

import os
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from dam.app import build_world
from dam.core.ecs.components import table_of
from dam.core.world import World
from dam.errors import UnreadableComicInfoError
from dam.media.comic import members
from dam.media.comic.info import ComicInfo
from dam.media.comic.name import ComicName
from dam.models import ComicBookConceptComponent, ComicBookVariantComponent, PageLink
from dam.services.comic_import_service import reading
from dam.services.schema_service import setting_up
from tests.databases import world_config
from tests.migrations.schemas import rows_of, run_alembic
from tests.services.comic_files import import_all, make_cbz, picture

pytestmark = pytest.mark.slow

# Two of each of these are one comic for the parser of today.
NAMES = (
    *("よつばと 第三巻.cbz", "よつばと 第3巻 (x).cbz"),
    *("Thorgal - Tome IV - La galère noire.cbz", "Thorgal T04.cbz"),
    *("Sweet Home S01E05.cbz", "Sweet Home S01 005.cbz"),
    *("Batman 001 (2016).cbz", "Batman 1 (2016) (Digital).cbz"),
)
_TABLES = (ComicBookConceptComponent, ComicBookVariantComponent, PageLink)


@pytest.mark.parametrize("revision", ["0002", "0009"])
async def test_comics_of_before_keep_their_links_when_imported_again(
    database_url: str, home: Path, monkeypatch: pytest.MonkeyPatch, revision: str
) -> None:
    paths = [
        make_cbz(
            home / name,
            {"1.jpg": picture(2 * number), ".cover.jpg": picture(2 * number + 1)},
            "<Series>Mended & read</Series><Number>1</Number>" if number < 2 else None,
        )
        for number, name in enumerate(NAMES)
    ]
    with monkeypatch.context() as of_before:
        _read_less(of_before)
        world = await _world(database_url)
        outcomes = await import_all(world, *paths)
        await world.close()
    assert {outcome.pages for outcome in outcomes} == {1}
    assert len({outcome.concept_entity_id for outcome in outcomes}) == len(NAMES)

    run_alembic(database_url, "downgrade", revision)
    setting_up.set_up(world_config(database_url))
    before = _comics(database_url)
    world = await _world(database_url)
    again = await import_all(world, *paths)
    for path in paths[::2]:
        os.utime(path, (1_500_000_000, 1_500_000_000))
    moved = [path.rename(path.with_name(f"moved {path.name}")) for path in paths[4:]]
    later = await import_all(world, *paths[:4], *moved)
    await world.close()

    assert _comics(database_url) == before
    assert {outcome.status for outcome in (*again, *later)} <= {"unchanged", "known"}
    for outcomes_now in (again, later):
        assert [o.concept_entity_id for o in outcomes_now] == [
            o.concept_entity_id for o in outcomes
        ]


def _read_less(monkeypatch: pytest.MonkeyPatch) -> None:
    is_page = members.is_page

    def read_name(name: str) -> ComicName:
        return ComicName(series=PurePosixPath(name).stem)

    def read_document(xml: bytes) -> ComicInfo:
        raise UnreadableComicInfoError(f"{len(xml)} bytes")

    def is_shown(name: str) -> bool:
        return is_page(name) and not PurePosixPath(name).name.startswith(".")

    monkeypatch.setattr(reading, "parse_comic_name", read_name)
    monkeypatch.setattr(reading, "parse_comic_info", read_document)
    monkeypatch.setattr(members, "is_page", is_shown)


async def _world(database_url: str) -> World:
    return await build_world(world_config(database_url, worker_kind="thread"), plugins=False)


def _comics(database_url: str) -> dict[str, list[dict[str, Any]]]:
    rows = rows_of(database_url)
    return {table_of(kind).name: rows[table_of(kind).name] for kind in _TABLES}
