"""A failure is tried again by a newer version of what failed, once, and by nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import ProcessingErrorComponent
from dam.core.media_kinds import KindBinding
from dam.core.world import World
from dam.media.kind import MediaKind
from dam.models import FilePropertiesComponent
from dam.plugins import builtin
from dam.services.failure_service import dismiss, list_failures
from dam.services.import_service import ImportOptions, import_files
from dam.services.process_service import process
from tests.core.worlds import builder_of, rows_of
from tests.systems.notes import NOTE, NOTE_TYPE, NOTES

CONTENTS = {
    "error": "note",
    "bug": "note raises",
    "death": "note dies",
    "death before the type is known": "odd dies",
    "picture": "note undrawable",
    "death at the picture": "note deadly",
}
DESCRIBED = {"error", "bug", "death", "death before the type is known"}
OTHER: MediaKind[Any] = replace(
    NOTE, name="other", media_types=frozenset({"text/x-other"}), recognise=None
)


@asynccontextmanager
async def opened(url: str, note: MediaKind[Any], other: MediaKind[Any]) -> AsyncIterator[World]:
    builder = builder_of(url, worker_kind="process")
    builtin.install(builder)
    builder.contribute(replace(NOTES, kind=note))
    builder.contribute(KindBinding(kind=other, components=(), write=NOTES.write))
    world = await builder.build()
    try:
        yield world
    finally:
        await world.close()


async def attempts(session: AsyncSession) -> dict[str, int]:
    failure, file = ProcessingErrorComponent, FilePropertiesComponent
    statement = select(file.name_text, failure.attempts).join(
        failure, failure.entity_id == file.entity_id
    )
    return {name.removesuffix(".txt"): count for name, count in await session.execute(statement)}


@pytest.mark.slow
async def test_a_newer_version_of_what_failed_tries_again_once(
    database_url: str, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{name}.txt" for name in CONTENTS]
    for path, content in zip(paths, CONTENTS.values(), strict=True):
        path.write_text(content)
    newer = replace(NOTE, description_version=NOTE.description_version + 1)
    # Each step raises one version; the files of which these are the versions are tried again.
    steps = [
        (NOTE, OTHER, set[str]()),
        (NOTE, replace(OTHER, description_version=9), {"death before the type is known"}),
        (newer, replace(OTHER, description_version=9), DESCRIBED),
        (
            replace(newer, picture_version=9),
            replace(OTHER, description_version=9),
            CONTENTS.keys() - DESCRIBED,
        ),
    ]
    expected = dict.fromkeys(CONTENTS, 1)
    async with opened(database_url, NOTE, OTHER) as world:
        await import_files(world, list(map(str, paths)), ImportOptions())
        await process(world)
        assert await world.read(attempts) == expected
        types = {
            row.name_text: row.media_type
            for row in await world.read(rows_of, FilePropertiesComponent)
        }
        assert types["death.txt"] == NOTE_TYPE
        assert types["death before the type is known.txt"] is None
    for note, other, tried in steps:
        async with opened(database_url, note, other) as world:
            await dismiss(world)
            for _ in range(2):
                await process(world, marks_outdated=True)
            expected |= {name: expected[name] + 1 for name in tried}
            assert await world.read(attempts) == expected
            # What was dismissed is open again.
            reopened = {one.name for one in await world.read(list_failures)}
            assert reopened >= {f"{name}.txt" for name in tried}
            assert bool(reopened) == bool(tried)
