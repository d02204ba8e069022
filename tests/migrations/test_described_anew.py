"""Worlds of every release get what is known of files today by one `process --outdated`."""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from dam.app import build_world
from dam.core.ecs.components import Base, EntityId
from dam.core.world import World
from dam.models import IN_STORE
from dam.services.process_service import process
from dam.services.schema_service import set_up
from dam.services.search_service import read_fields
from dam.services.thumbnail_service import find_thumbnails
from tests.databases import world_config
from tests.media.camera.blocks import text as exif_text
from tests.media.camera.blocks import tiff
from tests.media.document_files import text_pdf
from tests.media.drawing import landscape, save
from tests.media.image.readers.test_raw import nef
from tests.media.streams.files import attached, clip, mp3, png
from tests.media.streams.files import text as id3_text
from tests.migrations.populate import ROWS
from tests.migrations.schemas import connected

FROZEN = sorted(Path(__file__).parent.glob("*.sql"))
FIRST_ID = ROWS + 1  # those before are made up

pytestmark = pytest.mark.slow

TYPES = {
    "a.mp4": "video/mp4",
    "b.mp3": "audio/mpeg",
    "c.pdf": "application/pdf",
    "d.nef": "image/x-nikon-nef",
    "e.jpg": "image/jpeg",
}
FIELDS = ("width", "height", "duration_s", "page_count", "artist", "title", "camera_make")
EXPECTED: dict[str, tuple[object, ...]] = {
    "a.mp4": (96, 64, 2.0, None, None, "Waves", None),
    "b.mp3": (None, None, 1.032, None, "The Larks", None, None),
    "c.pdf": (None, None, None, 2, None, "Knots", None),
    "d.nef": (6000, 4000, None, None, None, None, "NIKON CORPORATION"),
    "e.jpg": (90, 60, None, None, None, None, "Ann"),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """A file of each kind."""
    folder = tmp_path_factory.mktemp("files")
    clip(folder / "a.mp4", "mp4", tags={"title": "Waves"})
    song = mp3(id3_text(b"TPE1", b"The Larks"), attached(png()))
    (folder / "b.mp3").write_bytes(song)
    (folder / "c.pdf").write_bytes(text_pdf(["bowline", "hitch"], {"Title": b"(Knots)"}))
    (folder / "d.nef").write_bytes(nef())
    save(landscape((90, 60)), folder / "e.jpg", exif=b"Exif\0\0" + tiff([exif_text(0x010F, "Ann")]))
    return {name: folder / name for name in TYPES}


def old_world(dump: Path, files: Mapping[str, Path], database: Path) -> None:
    """Restore a frozen database, with the files as bare rows, as it knew them."""
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(dump.read_text())
        for entity_id, (name, media_type) in enumerate(TYPES.items(), FIRST_ID):
            content = files[name].read_bytes()
            known: dict[str, object] = {
                "id": entity_id,
                "entity_id": entity_id,
                "digest": hashlib.sha256(content).digest(),
                "size_bytes": len(content),
                "name": os.fsencode(name),
                "name_text": name,
                "media_type": media_type,
                "storage": IN_STORE,
                "is_shared": 0,
                "created_at": "2026-01-03 00:00:00.000000",
                # Since 0006 the type was known by this version, since 0008 no kind knew the file.
                "description_recipe": 1,
                "picture_version": 0,
            }
            for table in (
                "entities",
                "component_content_hash_sha256",
                "component_file_location",
                "component_file_properties",
            ):
                columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
                values = [known.get(column) for column in columns]
                places = ", ".join("?" * len(columns))
                connection.execute(f"INSERT INTO {table} VALUES ({places})", values)  # noqa: S608 - names of ours
        last_id = FIRST_ID + len(TYPES) - 1
        connection.execute("UPDATE entity_counter SET last_id = ?", (last_id,))
        connection.commit()


def fill_store(store: Path, files: Iterable[Path]) -> None:
    """Put files where a store of any release has them."""
    for file in files:
        name = hashlib.sha256(file.read_bytes()).hexdigest()
        place = store / name[:2] / name[2:4] / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)


def copy_rows(source: str, target: str) -> None:
    """Copy every row of an upgraded database to an empty one with the same schema."""
    with connected(source) as old, connected(target) as new:
        for table in Base.metadata.sorted_tables:
            new.execute(table.delete())
            rows = [dict(row._mapping) for row in old.execute(select(table))]
            if rows:
                new.execute(insert(table), rows)
            if "id" in table.columns and table.name != "entities":
                new.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 1000)"))
        last_id = FIRST_ID + len(TYPES) - 1
        new.execute(text(f"SELECT setval('entity_id_seq', {last_id})"))


async def fields_of(world: World) -> dict[str, tuple[object, ...]]:
    ids = [EntityId(number) for number, _ in enumerate(TYPES, FIRST_ID)]
    rows = await world.read(read_fields, ids, FIELDS)
    return {
        name: tuple(row[field] for field in FIELDS) for name, row in zip(TYPES, rows, strict=True)
    }


@pytest.mark.parametrize("dump", FROZEN, ids=lambda dump: dump.stem)
async def test_files_that_were_bare_rows_get_everything_by_one_outdated(
    dump: Path, files: Mapping[str, Path], database_url: str, tmp_path: Path
) -> None:
    frozen = f"sqlite:///{tmp_path / 'old.sqlite'}"
    old_world(dump, files, tmp_path / "old.sqlite")
    set_up(world_config(frozen))
    if not database_url.startswith("sqlite"):
        copy_rows(frozen, database_url)
    url = frozen if database_url.startswith("sqlite") else database_url
    config = world_config(url, worker_kind="thread")
    fill_store(Path(config.storage_url), files.values())
    world = await build_world(config, plugins=False)
    try:
        await process(world, marks_outdated=True)
        assert await fields_of(world) == EXPECTED
        drawn = await find_thumbnails(world, range(FIRST_ID, FIRST_ID + len(TYPES)))
        assert [one.error for one in drawn] == [None] * len(TYPES)
        again = await process(world, marks_outdated=True)
        assert again.processed["analyse_images"] == 0
        # No version has read the made-up assets: the store does not have their bytes.
        assert again.processed["extract_metadata"] <= ROWS < len(TYPES)
    finally:
        await world.close()
