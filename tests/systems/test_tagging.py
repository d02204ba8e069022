"""Systems tag assets: each replaces what it said itself, and nothing else."""

from collections.abc import AsyncIterator

import pytest

from dam.core.ecs.components import EntityId, ProcessingErrorComponent
from dam.core.ecs.rows import mark
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, system
from dam.core.systems.params import MarkedEntityList, Resource
from dam.core.systems.tag_writer import TagWriter
from dam.core.world import World
from dam.errors import MalformedTagError
from dam.models import NeedsComicImportComponent, NeedsContentAnalysisComponent
from dam.plugins.builtin import install
from dam.services import tag_service
from tests.core.worlds import builder_of, new_entities, rows_of


class Keywords(dict[EntityId, list[str]]):
    """What files say."""


@system(stage=SystemStage.METADATA_EXTRACTION)
async def read_keywords(
    assets: MarkedEntityList[NeedsContentAnalysisComponent],
    keywords: Resource[Keywords],
    commands: Commands,
) -> None:
    for asset in assets:
        commands.tag(asset, *keywords[asset], source="file")


@system(stage=SystemStage.METADATA_EXTRACTION)
async def read_genres(
    assets: MarkedEntityList[NeedsComicImportComponent], commands: Commands
) -> None:
    for asset in assets:
        commands.tag(asset, "genre:drama", source="file")


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    builder = builder_of(database_url, read_keywords, read_genres)
    builder.add_resource(Keywords, lambda _: Keywords())
    builder.add_resource(TagWriter, lambda _: TagWriter(tag_service.say_tags))
    world = await builder.build()
    yield world
    await world.close()


async def run(world: World, entity_id: EntityId, *keywords: str) -> list[str]:
    """Let the file say these keywords; return all tags of the asset with their sources."""
    world.resources.get(Keywords)[entity_id] = list(keywords)
    await world.run(mark, NeedsContentAnalysisComponent, [entity_id])
    await world.scheduler.run_until_idle()
    found = await world.read(tag_service.tags_of, [entity_id])
    return [f"{tag.tag} {tag.value or ''} {tag.source}" for tag in found.get(entity_id, [])]


@pytest.fixture
async def asset(world: World) -> EntityId:
    (entity_id,) = await world.run(new_entities, 1)
    return entity_id


async def test_a_new_reading_replaces_the_tags_of_the_one_before(
    world: World, asset: EntityId
) -> None:
    await world.run(tag_service.tag_entities, [asset], ["cat", "mine"])
    both = ["cat  file", "cat  user", "mine  user"]
    assert await run(world, asset, "Cat", "sea") == [*both, "sea  file"]
    assert await run(world, asset, "cat") == both
    assert await run(world, asset) == ["cat  user", "mine  user"]


async def test_systems_leave_each_others_tags(world: World, asset: EntityId) -> None:
    await run(world, asset, "cat")
    await world.run(mark, NeedsComicImportComponent, [asset])
    await world.scheduler.run_until_idle()
    assert await run(world, asset) == ["genre:drama  file"]


async def test_aliases_count_as_their_tag(world: World, asset: EntityId) -> None:
    await world.run(tag_service.add_parent, "cat", "animal")
    await world.run(tag_service.add_alias, "cat", "kitty")
    assert await run(world, asset, "KITTY", "cat") == ["cat  file"]


async def test_a_value_that_does_not_fit_fails_the_asset_and_keeps_its_other_tags(
    world: World, asset: EntityId
) -> None:
    assert await run(world, asset, "rating=9", "sea") == ["sea  file"]
    (failure,) = await world.read(rows_of, ProcessingErrorComponent)
    assert (failure.entity_id, failure.system, failure.error) == (
        asset,
        "read_keywords",
        "TagValueError",
    )
    assert "a whole number from 0 to 5; found '9'" in failure.message
    assert await run(world, asset, "rating=4") == ["rating 4 file"]
    assert await world.read(rows_of, ProcessingErrorComponent) == []


async def test_a_keyword_that_has_become_a_tag_with_values_is_left_out(
    world: World, asset: EntityId
) -> None:
    assert await run(world, asset, "rating", "sea") == ["sea  file"]
    assert await world.read(rows_of, ProcessingErrorComponent) == []


def test_a_text_that_is_no_tag_is_refused_at_once() -> None:
    with pytest.raises(MalformedTagError):
        Commands([1]).tag(1, "a\0b")


@system(stage=SystemStage.POST_PROCESSING)
async def make_entity(commands: Commands) -> None:
    commands.tag(commands.create_entity(), "cat", "seen=2024-05-17")


async def test_a_new_entity_is_tagged_in_the_commit_that_makes_it(database_url: str) -> None:
    builder = builder_of(database_url, make_entity)
    install(builder)
    world = await builder.build()
    await world.scheduler.execute_stage(SystemStage.POST_PROCESSING)
    listed = await world.read(tag_service.list_tags)
    assert [(use.tag, use.assets, use.value_type) for use in listed] == [
        ("cat", 1, None),
        ("seen", 1, "date"),
    ]
    await world.close()
