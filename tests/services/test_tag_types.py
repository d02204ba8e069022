"""The types of tags: which values they allow, and how they change."""

from typing import cast

import pytest

from dam.core.ecs.changes import undo
from dam.core.systems.commands import Commands
from dam.core.systems.tag_writer import SystemSource
from dam.core.world import World
from dam.errors import ChangedSinceError, TagValueError
from dam.media.tag_value import ValueType
from dam.services import tag_service
from tests.services.comics import entities
from tests.services.test_tag_service import tags

WRONG_SOURCE = cast("tag_service.Source", "usr")


@pytest.mark.parametrize(
    ("before", "after", "given"),
    [("n=5", "text", "n=five"), ("n=5", "text", "n=07"), ("n=5", "text", "n=7"), ("n", "date", "")],
)
async def test_an_undone_type_leaves_no_value_that_it_does_not_allow(
    world: World, before: str, after: ValueType, given: str
) -> None:
    one, two = await entities(world, 2)
    if "=" in before:
        await world.run(tag_service.tag_entities, [one], [before])
    change = await world.run(tag_service.describe_tag, "n", value_type=after)
    await world.run(tag_service.tag_entities, [two], [given or "n=2024-05-17"])
    with pytest.raises(ChangedSinceError):
        await world.run(undo, change)
    assert (await world.read(tag_service.show_tag, "n")).value_type == after


async def test_an_undone_type_puts_all_values_back(world: World) -> None:
    (one,) = await entities(world, 1)
    await world.run(tag_service.tag_entities, [one], ["n=5"])
    change = await world.run(tag_service.describe_tag, "n", value_type="text")
    again = await world.run(undo, change)
    assert (await world.read(tag_service.show_tag, "n")).value_type == "integer"
    await world.run(undo, again)
    await world.run(tag_service.tag_entities, [one], ["n=five"])
    assert await tags(world, one) == ["n=five"]


async def test_a_type_or_source_that_there_is_not_is_refused(world: World) -> None:
    (one,) = await entities(world, 1)
    await world.run(tag_service.tag_entities, [one], ["cat"])
    with pytest.raises(ValueError, match=r"value_type is one of integer, .*; found 'int'"):
        await world.run(tag_service.describe_tag, "cat", value_type=cast("ValueType", "int"))
    for call in (tag_service.tag_entities, tag_service.untag_entities):
        with pytest.raises(ValueError, match=r"source is one of user, .*; found 'usr'"):
            await world.run(call, [one], ["cat"], source=WRONG_SOURCE)
    for source in ("usr", "user"):
        with pytest.raises(ValueError, match=r"source is one of file, .*; found 'us"):
            await world.run(tag_service.say_tags, {one: []}, source=source, system="read_tags")
    with pytest.raises(ValueError, match=r"source is one of file, .*; found 'usr'"):
        Commands([one]).tag(one, "cat", source=cast("SystemSource", "usr"))


async def test_two_values_of_one_tag_are_refused(world: World) -> None:
    (one,) = await entities(world, 1)
    with pytest.raises(TagValueError, match="'rating' takes one value; found '3, 5'"):
        await world.run(tag_service.tag_entities, [one], ["rating=3", "Rating=5"])
    await world.run(tag_service.tag_entities, [one], ["rating=3", "rating=03"])
    assert await tags(world, one) == ["rating=3"]


async def test_a_tag_loses_its_type_while_no_use_has_a_value(world: World) -> None:
    (one,) = await entities(world, 1)
    await world.run(tag_service.tag_entities, [one], ["cat=5"])
    with pytest.raises(TagValueError, match="takes no value; found '5'"):
        await world.run(tag_service.describe_tag, "cat", value_type="none")
    await world.run(tag_service.untag_entities, [one], ["cat"])
    await world.run(tag_service.describe_tag, "cat", value_type="none")
    await world.run(tag_service.tag_entities, [one], ["cat"])
    assert await tags(world, one) == ["cat"]
