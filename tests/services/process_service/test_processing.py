"""Pending work is worked off once, and assets are marked for it anew."""

from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId, ProcessingErrorComponent
from dam.core.ecs.rows import mark
from dam.core.new_entities import NewEntityMarkers
from dam.core.world import World
from dam.errors import UnknownNameError
from dam.models import NeedsContentAnalysisComponent, NeedsMetadataExtractionComponent
from dam.services import ecs_service
from dam.services.content_service import NewAsset
from dam.services.failure_service import list_failures
from dam.services.process_service import process
from tests.services.conftest import Add

ASSETS = Path(__file__).parents[2] / "assets"
PICTURE = ASSETS / "pictures" / "lake.jpg"
TRUNCATED = ASSETS / "broken" / "truncated.jpg"

NO_OTHERS = {"import_comic": 0, "index_words": 0}


def is_smaller_than_nothing(asset: NewAsset) -> bool:
    return asset.size_bytes < 0


def never_to_be_asked(_asset: NewAsset) -> bool:
    raise ZeroDivisionError


@pytest.fixture
async def picture(add: Add) -> EntityId:
    return await add(PICTURE)


@pytest.fixture
async def text(add: Add, tmp_path: Path) -> EntityId:
    path = tmp_path / "notes.txt"
    path.write_text("words")
    return await add(path)


async def blocked_by(session: AsyncSession, entity_id: EntityId, requirement: str | None) -> None:
    failure = ProcessingErrorComponent(
        system="extract_metadata",
        error="MissingDecoderError",
        message="no decoder",
        requirement=requirement,
        occurred_at=(await ecs_service.get_entities(session, [entity_id]))[entity_id].created_at,
    )
    await ecs_service.add_component(session, entity_id, failure)


class Listener:
    """An observer that keeps what it hears."""

    def __init__(self) -> None:
        self.left: list[int] = []
        self.heard: list[tuple[str, int]] = []

    def pending(self, entities: int) -> None:
        self.left.append(entities)

    def advanced(self, system: str, entities: int) -> None:
        self.heard.append((system, entities))

    def waiting(self, entities: int, seconds: float | None) -> None:
        self.heard.append((f"waiting {seconds:.0f} s", entities))


@pytest.mark.usefixtures("picture")
async def test_what_an_import_left_is_worked_off_once(world: World) -> None:
    done = await process(world)
    assert (done.processed, done.failed) == (
        {**NO_OTHERS, "extract_metadata": 1, "analyse_images": 1},
        0,
    )
    again = await process(world)
    assert again.processed == {**NO_OTHERS, "extract_metadata": 0, "analyse_images": 0}
    assert await world.read(list_failures) == []


@pytest.mark.usefixtures("picture")
async def test_only_the_stages_asked_for_are_run(world: World) -> None:
    done = await process(world, stages=["metadata-extraction"])
    assert done.processed == {"extract_metadata": 1}
    plan = await process(world, is_dry_run=True)
    assert plan.processed == {**NO_OTHERS, "extract_metadata": 0, "analyse_images": 1}


@pytest.mark.usefixtures("picture", "text")
async def test_a_dry_run_says_what_is_pending_and_does_nothing(world: World) -> None:
    for _ in range(2):
        plan = await process(world, is_dry_run=True)
        assert (plan.processed, plan.failed) == (
            {**NO_OTHERS, "extract_metadata": 2, "analyse_images": 0},
            0,
        )


async def test_a_failure_is_counted(world: World, add: Add) -> None:
    await add(TRUNCATED)
    assert (await process(world)).failed == 1


@pytest.mark.usefixtures("picture")
async def test_the_observer_hears_what_there_is_and_what_is_done(world: World) -> None:
    listener = Listener()
    await process(world, observer=listener)
    assert listener.heard == [("extract_metadata", 1), ("analyse_images", 1)]
    assert listener.left[:1] in ([1], [])  # a short run may end before the first count


@pytest.mark.parametrize("is_dry_run", [True, False])
@pytest.mark.usefixtures("picture", "text")
async def test_a_marker_fills_in_for_old_assets(world: World, *, is_dry_run: bool) -> None:
    await process(world)
    name = NeedsMetadataExtractionComponent.__name__
    done = await process(world, marker_name=name, is_dry_run=is_dry_run)
    assert done.processed == {
        "import_comic": 0,
        "extract_metadata": 2,
        "analyse_images": 0,  # the picture is the same
        "index_words": 0,
    }


async def test_who_waits_for_an_earlier_stage_is_no_work_for_a_later_one_alone(
    world: World, picture: EntityId
) -> None:
    await world.run(mark, NeedsContentAnalysisComponent, [picture])
    later = ["content-analysis"]
    for is_dry_run in (True, False):
        done = await process(world, stages=later, is_dry_run=is_dry_run)
        assert done.processed == {"analyse_images": 0}
    planned = await process(world, is_dry_run=True)
    assert planned.processed == {**NO_OTHERS, "extract_metadata": 1, "analyse_images": 1}
    assert await process(world) == planned


@pytest.mark.usefixtures("picture", "text")
async def test_only_pictures_are_marked_for_the_analysis(world: World) -> None:
    await process(world)
    done = await process(world, marker_name=NeedsContentAnalysisComponent.__name__)
    assert (done.processed, done.failed) == (
        {**NO_OTHERS, "extract_metadata": 0, "analyse_images": 1},
        0,
    )


@pytest.mark.usefixtures("picture", "text")
async def test_old_assets_are_marked_as_the_import_would_mark_them(world: World) -> None:
    await process(world)
    rules = world.resources.get(NewEntityMarkers)
    rules.add(NeedsContentAnalysisComponent, is_smaller_than_nothing)
    name = NeedsContentAnalysisComponent.__name__
    assert (await process(world, marker_name=name)).processed["analyse_images"] == 0


@pytest.mark.usefixtures("picture")
async def test_a_rule_for_another_marker_is_not_asked(world: World) -> None:
    await process(world)
    rules = world.resources.get(NewEntityMarkers)
    rules.add(NeedsContentAnalysisComponent, never_to_be_asked)
    name = NeedsMetadataExtractionComponent.__name__
    assert (await process(world, marker_name=name)).processed["extract_metadata"] == 1


async def test_what_is_marked_already_keeps_its_lease(world: World, picture: EntityId) -> None:
    async def lease(session: AsyncSession) -> None:
        await mark(session, NeedsMetadataExtractionComponent, [picture])
        marker = await ecs_service.get_component(session, picture, NeedsMetadataExtractionComponent)
        assert marker is not None
        marker.attempts = 2

    await world.run(lease)
    name = NeedsMetadataExtractionComponent.__name__
    await process(world, stages=["post-processing"], marker_name=name)
    kept = await world.read(ecs_service.get_component, picture, NeedsMetadataExtractionComponent)
    assert kept is not None
    assert kept.attempts == 2


async def test_an_unknown_marker_is_refused_with_those_that_are_known(world: World) -> None:
    with pytest.raises(UnknownNameError) as caught:
        await process(world, marker_name="NeedsContentAnalysis")
    assert caught.value.message == (
        "no marker named 'NeedsContentAnalysis'; known: "
        "NeedsComicImportComponent, NeedsMetadataExtractionComponent, "
        "NeedsContentAnalysisComponent, NeedsSearchEntryComponent"
    )
    assert caught.value.hint == "did you mean 'NeedsContentAnalysisComponent'?"


async def test_a_name_that_resembles_none_has_a_hint_too(world: World) -> None:
    with pytest.raises(UnknownNameError) as caught:
        await process(world, marker_name="x")
    assert caught.value.hint == "choose one of the known names"


@pytest.mark.parametrize("requirement", ["image", "pillow", "sqlalchemy"])
async def test_what_waited_for_something_installed_since_is_done_again(
    world: World, picture: EntityId, requirement: str
) -> None:
    await process(world)
    await world.run(blocked_by, picture, requirement)
    assert (await process(world, is_dry_run=True)).processed["extract_metadata"] == 1
    assert (await process(world)).processed["extract_metadata"] == 1
    assert await world.read(list_failures) == []


@pytest.mark.parametrize("requirement", ["no-such-package", None])
async def test_other_failures_stay_until_somebody_retries(
    world: World, picture: EntityId, requirement: str | None
) -> None:
    await process(world)
    await world.run(blocked_by, picture, requirement)
    assert (await process(world)).processed["extract_metadata"] == 0
    assert len(await world.read(list_failures)) == 1
