"""A media kind that a plugin contributes, from its files to components and thumbnails."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from PIL import Image

from dam.core.ecs.components import EntityId
from dam.core.media_kinds import MediaKinds
from dam.core.world import World
from dam.errors import PluginFunctionError, WorldBuildError
from dam.media.kind import MediaKind
from dam.media.limits import MediaLimits
from dam.media.requirements import is_installed
from dam.models import (
    FilePropertiesComponent,
    FramePropertiesComponent,
    ImagePerceptualPHashComponent,
    NeedsContentAnalysisComponent,
)
from dam.plugins import builtin
from dam.services.import_service import ImportOptions, import_files
from dam.services.process_service import process, retry
from dam.services.thumbnail_service import find_thumbnails
from tests.core.worlds import builder_of, failures, marked, rows_of
from tests.services.conftest import Add
from tests.systems.notes import NOTE, NOTE_TYPE, NOTES


@pytest.fixture(params=["process", "thread"])
async def world(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """A world with the kind; workers are processes, and then threads."""
    builder = builder_of(database_url, worker_kind=request.param, task_timeout_s=4.0)
    builtin.install(builder)
    builder.contribute(NOTES)
    opened = await builder.build()
    yield opened
    await opened.close()


@pytest.fixture
def is_in_processes(world: World) -> bool:
    return world.config.worker_kind == "process"


async def test_files_of_the_kind_get_its_components_and_a_thumbnail(
    world: World, add: Add, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("note one two")
    (tmp_path / "b.txt").write_text("no note")
    note, text = await add(tmp_path / "a.txt"), await add(tmp_path / "b.txt")
    done = await process(world)
    assert (done.processed["analyse_images"], done.failed) == (1, 0)
    (words,) = await world.read(rows_of, FramePropertiesComponent)
    assert (words.entity_id, words.frame_count) == (note, 2)
    files = await world.read(rows_of, FilePropertiesComponent)
    assert [(file.media_type, file.described_by, file.picture_version) for file in files] == [
        (NOTE_TYPE, "note 4", 2),
        ("text/plain", world.resources.get(MediaKinds).described_by("text/plain"), 0),
    ]
    assert await world.read(rows_of, ImagePerceptualPHashComponent) == []
    drawn, none = await find_thumbnails(world, [note, text])
    assert drawn.path is not None
    with Image.open(drawn.path) as image:
        assert image.size == (256, 171)
        assert image.getpixel((9, 9)) == pytest.approx((255, 127, 127), abs=3)
    assert none.error == "UnsupportedPictureError"


async def test_what_its_code_does_wrong_costs_only_that_file(
    world: World, add: Add, tmp_path: Path, *, is_in_processes: bool
) -> None:
    wrong = {
        "note": ("NoWordsError", "the note has no words"),
        "note raises": (
            "MediaKindError",
            "the media kind 'note' failed on this file: ValueError: what a plugin forgot",
        ),
        "note 1 2 3 4 5 6": (
            "MediaKindError",
            "the media kind 'note' failed on this file: LookupError: what a plugin forgot",
        ),
        "note undrawable": (
            "MediaKindError",
            "the media kind 'note' failed on this file: ValueError: what a plugin forgot",
        ),
    }
    if is_in_processes:  # threads cannot be stopped, and their answers are what they are
        wrong["note hangs"] = ("WorkerTimeoutError", "4")
        wrong["note lies"] = ("WorkerAnswerError", "")
    found: dict[EntityId, tuple[str, str]] = {}
    for number, (content, failure) in enumerate(wrong.items()):
        (tmp_path / f"{number}.txt").write_text(content)
        found[await add(tmp_path / f"{number}.txt")] = failure
    (tmp_path / "good.txt").write_text("note good")
    good = await add(tmp_path / "good.txt")
    await process(world)
    kept = await world.read(failures)
    assert {key: error for key, (_, error, _, _) in kept.items()} == {
        key: error for key, (error, _) in found.items()
    }
    assert all(said in kept[key][2] for key, (_, said) in found.items())
    rows = await world.read(rows_of, FramePropertiesComponent)
    assert good in {row.entity_id for row in rows}
    assert (await process(world, marks_outdated=True)).processed["extract_metadata"] == 0


async def test_only_described_assets_are_marked_for_their_pictures(
    world: World, add: Add, tmp_path: Path
) -> None:
    for content in ("note good", "note", "note raises", "a text"):
        (tmp_path / f"{content}.txt").write_text(content)
        await add(tmp_path / f"{content}.txt")
    await process(world)
    name = NeedsContentAnalysisComponent.__name__
    planned = await process(world, marker_name=name, is_dry_run=True)
    assert planned.processed["analyse_images"] == 1
    assert await world.read(marked, NeedsContentAnalysisComponent) == []


async def test_files_that_were_there_before_the_kind_are_found(
    database_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("note one two")
    found, plain = [], set()
    for kinds in ([], [NOTES], []):
        builder = builder_of(database_url, worker_kind="thread")
        builtin.install(builder)
        for kind in kinds:
            builder.contribute(kind)
        world = await builder.build()
        try:
            await import_files(world, [str(path)], ImportOptions())
            await process(world, marks_outdated=True)
            plain.add(world.resources.get(MediaKinds).described_by("text/plain"))
            (file,) = await world.read(rows_of, FilePropertiesComponent)
            found.append((file.media_type, file.described_by, file.picture_version))
        finally:
            await world.close()
    # Without the plugin its assets stay what they are.
    assert found[1:] == [(NOTE_TYPE, "note 4", 2)] * 2
    assert found[0][0] == "text/plain"
    assert len(plain) == 2


def describe_anyhow(file: BinaryIO, media_type: str, limits: MediaLimits) -> object:
    raise NotImplementedError  # it is never called


async def test_a_kind_whose_answers_cannot_be_decoded_is_a_build_fault() -> None:
    builder = builder_of("sqlite:///never-opened.db")
    builtin.install(builder)
    kind: MediaKind[Any] = replace(cast("MediaKind[Any]", NOTE), describe=describe_anyhow)
    builder.contribute(replace(NOTES, kind=kind))
    with pytest.raises(WorldBuildError, match="media kind 'note': the return annotation of"):
        await builder.build()


async def test_a_kind_leaves_what_dam_itself_writes() -> None:
    builder = builder_of("sqlite:///never-opened.db")
    builtin.install(builder)
    builder.contribute(replace(NOTES, components=(FilePropertiesComponent,)))
    with pytest.raises(WorldBuildError, match="components= has FilePropertiesComponent"):
        await builder.build()


async def test_describing_again_keeps_what_is_pending(
    world: World, add: Add, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("note one two")
    note = await add(tmp_path / "a.txt")
    for _ in range(2):
        name = "NeedsMetadataExtractionComponent"
        await process(world, marker_name=name, stages=["metadata-extraction"])
        assert await world.read(marked, NeedsContentAnalysisComponent) == [note]


async def test_a_recogniser_that_fails_leaves_the_type_and_is_a_failure(
    world: World, add: Add, tmp_path: Path
) -> None:
    texts = {"odd type": "image/jpeg", "odd raises": "", "odd exits": "", "text": ""}
    for content in texts:
        (tmp_path / f"{content}.txt").write_text(content)
        await add(tmp_path / f"{content}.txt")
    await process(world)
    files = await world.read(rows_of, FilePropertiesComponent)
    assert {file.media_type for file in files} == {"text/plain"}
    kept = await world.read(failures)
    assert [error for _, error, _, _ in kept.values()] == ["MediaKindError"] * 3


async def test_what_follows_a_description_follows_it_also_after_a_failure(
    database_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("odd raises")
    mended = replace(NOTES, kind=replace(NOTE, recognise=None))
    for kind, expected in ((NOTES, 0), (mended, 1)):
        builder = builder_of(database_url, worker_kind="thread")
        builtin.install(builder)
        builder.contribute(kind)
        builder.mark_described(NeedsContentAnalysisComponent, "text/*")
        world = await builder.build()
        try:
            await import_files(world, [str(path)], ImportOptions())
            await retry(world)
            stages = ["metadata-extraction"]
            assert (await process(world, stages=stages)).failed == 1 - expected
            assert len(await world.read(marked, NeedsContentAnalysisComponent)) == expected
        finally:
            await world.close()


async def test_a_rule_that_fails_is_named_with_its_module(database_url: str) -> None:
    def rule(kind: MediaKind[Any]) -> bool:
        return bool(kind.nothing)  # type: ignore[attr-defined] # the fault

    builder = builder_of(database_url, worker_kind="thread")
    builtin.install(builder)
    builder.mark_described(NeedsContentAnalysisComponent, rule)
    world = await builder.build()
    try:
        with pytest.raises(PluginFunctionError, match=r"rule for NeedsContentAnalysis.* of tests"):
            await process(world, marker_name=NeedsContentAnalysisComponent.__name__)
    finally:
        await world.close()


def test_what_a_kind_needs_is_asked_of_the_kind() -> None:
    assert is_installed("ink", [NOTE])
    assert not is_installed("ink", [replace(NOTE, requirements={"ink": lambda: False})])
    assert not is_installed("ink", [])
    broken: MediaKind[Any] = replace(NOTE, requirements={"ink": lambda: 1 / 0 > 1})
    with pytest.raises(PluginFunctionError, match=r"'ink'.* of the media kind 'note' of tests"):
        is_installed("ink", [broken])
