"""Tags are given, taken, listed and put in order."""

from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.changes import undo
from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.errors import (
    ChangedSinceError,
    MalformedTagError,
    NotAnAssetError,
    OwnNameError,
    RatingTagError,
    TagCycleError,
    TagNameTakenError,
    TagTypesDifferError,
    TagValueError,
    UnknownTagError,
)
from dam.media.tag_value import read_value
from dam.models import EntityTagLinkComponent, TagConceptComponent
from dam.services import tag_service
from tests.services.comics import entities


async def tags(world: World, entity_id: EntityId) -> list[str]:
    """Return the tags of an entity as they are written."""
    found = (await world.run(tag_service.tags_of, [entity_id])).get(entity_id, [])
    return [tag.tag if tag.value is None else f"{tag.tag}={tag.value}" for tag in found]


async def count(world: World) -> int:
    async def read(session: AsyncSession) -> int:
        return (await session.scalars(select(func.count()).select_from(TagConceptComponent))).one()

    return await world.read(read)


async def below(world: World, name: str) -> set[EntityId]:
    """Return the entities that have a tag or one below it."""

    async def read(session: AsyncSession) -> set[EntityId]:
        link = EntityTagLinkComponent
        tag = await tag_service.require_tag(session, name)
        ids = await tag_service.tags_below(session, [tag.entity_id])
        chosen = select(link.entity_id).where(link.tag_entity_id.in_(ids))
        return set(await session.scalars(chosen))

    return await world.read(read)


async def test_tags_are_given_and_taken(world: World) -> None:
    one, two = await entities(world, 2)
    given = await world.run(tag_service.tag_entities, [one, two], ["cat", "artist:Moebius"])
    assert given.changed == 2
    assert await tags(world, one) == ["artist:Moebius", "cat"]
    again = await world.run(tag_service.tag_entities, [one], ["cat"])
    assert again.changed == 0
    taken = await world.run(tag_service.untag_entities, [one, two], ["CAT"])
    assert taken.changed == 2
    assert await tags(world, two) == ["artist:Moebius"]


@pytest.mark.parametrize(
    "name", ["CAFÉ au lait", "cafe\u0301 au lait", "  café  au\tlait ", "ｃａｆé au lait"]
)
async def test_names_that_differ_by_case_or_spelling_are_one_tag(world: World, name: str) -> None:
    (one,) = await entities(world, 1)
    await world.run(tag_service.tag_entities, [one], ["Café au lait"])
    assert (await world.run(tag_service.tag_entities, [one], [name])).changed == 0
    assert await tags(world, one) == ["Café au lait"]
    assert await count(world) == 1


async def test_a_value_replaces_the_one_before_and_has_one_form(world: World) -> None:
    (one,) = await entities(world, 1)
    for value in ("2", "+05"):
        await world.run(tag_service.tag_entities, [one], [f"rating={value}"])
    assert await tags(world, one) == ["rating=5"]
    await world.run(tag_service.tag_entities, [one], ["length=2.50", "seen=2024-05-17"])
    assert await tags(world, one) == ["length=2.5", "rating=5", "seen=2024-05-17"]


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ("rating", "the tag 'rating' takes a whole number; found none"),
        ("rating=good", "the tag 'rating' takes a whole number; found 'good'"),
        ("rating=6", "the tag 'rating' takes a whole number from 0 to 5; found '6'"),
        ("cat=5", "the tag 'cat' takes no value; found '5'"),
        ("seen=2024-02-30", "the tag 'seen' takes a date such as 2024-05-17; found '2024-02-30'"),
    ],
)
async def test_a_value_that_a_tag_cannot_have_is_refused(
    world: World, tag: str, message: str
) -> None:
    (one,) = await entities(world, 1)
    await world.run(tag_service.tag_entities, [one], ["cat", "seen=2024-02-01"])
    with pytest.raises(TagValueError) as refused:
        await world.run(tag_service.tag_entities, [one], [tag])
    assert refused.value.message == message


@pytest.mark.parametrize(
    "text",
    ["", " ", ":", "a:", ":a", "a=", "=5", "a\0b", "a\x1bb", "a\udce9", "a\u202eb", "x" * 401],
)
async def test_what_is_no_name_is_refused(world: World, text: str) -> None:
    (one,) = await entities(world, 1)
    with pytest.raises(MalformedTagError):
        await world.run(tag_service.tag_entities, [one], [text])
    assert await count(world) == 0


@pytest.mark.parametrize(
    "name", ["100%", "a_b", "it's", 'say "hi"', "שלום", "مرحبا", "😀", "-x", "*"]
)
async def test_odd_names_are_kept_and_found(world: World, name: str) -> None:
    (one,) = await entities(world, 1)
    await world.run(tag_service.tag_entities, [one], [name])
    assert await tags(world, one) == [name]
    assert await below(world, name) == {one}


async def test_each_source_changes_only_its_own_tags(world: World) -> None:
    (one,) = await entities(world, 1)
    await world.run(tag_service.tag_entities, [one], ["cat"])
    await world.run(tag_service.tag_entities, [one], ["cat"], source="file")
    await world.run(tag_service.untag_entities, [one], ["cat"], source="file")
    assert await tags(world, one) == ["cat"]


async def test_a_search_for_a_parent_finds_its_children(world: World) -> None:
    one, two, three = await entities(world, 3)
    await world.run(tag_service.add_parent, "cat", "animal")
    await world.run(tag_service.add_parent, "kitten", "cat")
    for entity_id, tag in ((one, "kitten"), (two, "animal"), (three, "car")):
        await world.run(tag_service.tag_entities, [entity_id], [tag])
    assert await below(world, "animal") == {one, two}
    assert await below(world, "cat") == {one}
    facts = await world.run(tag_service.show_tag, "cat")
    assert (facts.parents, facts.children) == (("animal",), ("kitten",))
    assert (facts.assets, facts.assets_below) == (0, 1)
    await world.run(tag_service.remove_parent, "cat", "animal")
    assert await below(world, "animal") == {two}


async def test_a_tag_cannot_be_above_itself(world: World) -> None:
    await world.run(tag_service.add_parent, "cat", "animal")
    await world.run(tag_service.add_parent, "kitten", "cat")
    for child, parent in (("animal", "kitten"), ("cat", "cat")):
        with pytest.raises(TagCycleError):
            await world.run(tag_service.add_parent, child, parent)


async def test_an_alias_stands_for_its_tag(world: World) -> None:
    (one,) = await entities(world, 1)
    await world.run(tag_service.tag_entities, [one], ["cat"])
    await world.run(tag_service.add_alias, "cat", "Kitty")
    await world.run(tag_service.tag_entities, [one], ["kitty"])
    assert await tags(world, one) == ["cat"]
    assert (await world.run(tag_service.show_tag, "KITTY")).aliases == ("kitty",)
    await world.run(tag_service.remove_alias, "kitty")
    with pytest.raises(UnknownTagError):
        await world.run(tag_service.show_tag, "kitty")
    with pytest.raises(OwnNameError):
        await world.run(tag_service.remove_alias, "cat")


async def test_a_name_belongs_to_one_tag(world: World) -> None:
    one, two = await entities(world, 2)
    await world.run(tag_service.tag_entities, [one, two], ["cat", "dog"])
    for call in (tag_service.add_alias, tag_service.rename_tag):
        with pytest.raises(TagNameTakenError) as refused:
            await world.run(call, "cat", "Dog")
        assert refused.value.message == "the name 'Dog' is taken: it is an alias of 'dog'"


async def test_renaming_keeps_uses_and_frees_the_old_name(world: World) -> None:
    (one,) = await entities(world, 1)
    await world.run(tag_service.tag_entities, [one], ["kat"])
    change = await world.run(tag_service.rename_tag, "kat", "pet:Cat")
    assert await tags(world, one) == ["pet:Cat"]
    with pytest.raises(UnknownTagError, match="no tag 'kat'"):
        await world.run(tag_service.show_tag, "kat")
    await world.run(tag_service.rename_tag, "pet:cat", "PET:CAT")
    assert await tags(world, one) == ["PET:CAT"]
    await world.run(tag_service.rename_tag, "PET:CAT", "pet:Cat")
    await world.run(undo, change)
    assert await tags(world, one) == ["kat"]


async def test_merging_makes_one_tag_of_two_and_can_be_undone(world: World) -> None:
    one, two, three = await entities(world, 3)
    await world.run(tag_service.tag_entities, [one, two], ["kitty"])
    await world.run(tag_service.tag_entities, [two, three], ["cat"])
    await world.run(tag_service.add_parent, "kitty", "animal")
    await world.run(tag_service.add_parent, "persian", "kitty")
    change = await world.run(tag_service.merge_tags, "kitty", "cat")
    assert [await tags(world, key) for key in (one, two, three)] == [["cat"]] * 3
    facts = await world.run(tag_service.show_tag, "kitty")
    assert (facts.tag, facts.aliases) == ("cat", ("kitty",))
    assert (facts.parents, facts.children) == (("animal",), ("persian",))
    await world.run(undo, change)
    assert [await tags(world, key) for key in (one, two, three)] == [
        ["kitty"],
        ["cat", "kitty"],
        ["cat"],
    ]
    assert (await world.run(tag_service.show_tag, "kitty")).children == ("persian",)


async def test_tags_of_different_types_are_not_merged(world: World) -> None:
    (one,) = await entities(world, 1)
    await world.run(tag_service.tag_entities, [one], ["stars=3", "cat"])
    with pytest.raises(TagTypesDifferError):
        await world.run(tag_service.merge_tags, "stars", "cat")


async def test_merging_a_parent_with_what_is_below_its_child_is_refused(world: World) -> None:
    await world.run(tag_service.add_parent, "cat", "animal")
    await world.run(tag_service.add_parent, "kitten", "cat")
    with pytest.raises(TagCycleError):
        await world.run(tag_service.merge_tags, "animal", "kitten")


async def test_the_type_of_values_changes_only_if_they_fit(world: World) -> None:
    one, two = await entities(world, 2)
    await world.run(tag_service.tag_entities, [one], ["shelf=3"])
    await world.run(tag_service.describe_tag, "shelf", value_type="text", description="Where")
    await world.run(tag_service.tag_entities, [two], ["shelf=A 3"])
    assert [await tags(world, key) for key in (one, two)] == [["shelf=3"], ["shelf=A 3"]]
    with pytest.raises(TagValueError, match="takes a whole number; found 'A 3'"):
        await world.run(tag_service.describe_tag, "shelf", value_type="integer")
    assert (await world.run(tag_service.show_tag, "shelf")).description == "Where"


async def test_a_deleted_tag_is_gone_and_comes_back_by_undo(world: World) -> None:
    (one,) = await entities(world, 1)
    await world.run(tag_service.tag_entities, [one], ["cat", "dog"])
    change = await world.run(tag_service.delete_tag, "cat")
    assert await tags(world, one) == ["dog"]
    await world.run(undo, change)
    assert await tags(world, one) == ["cat", "dog"]


async def test_tags_are_listed_with_their_uses(world: World) -> None:
    one, two = await entities(world, 2)
    await world.run(tag_service.tag_entities, [one, two], ["cat"])
    await world.run(tag_service.tag_entities, [one], ["cat"], source="file")
    await world.run(tag_service.add_parent, "cat", "animal")
    listed = await world.run(tag_service.list_tags)
    assert [(use.tag, use.assets, use.source) for use in listed] == [
        ("animal", 0, None),
        ("cat", 1, "file"),
        ("cat", 2, "user"),
    ]
    assert [use.tag for use in await world.run(tag_service.list_tags, "AN")] == ["animal"]


async def test_tagging_can_be_undone(world: World) -> None:
    (one,) = await entities(world, 1)
    await world.run(tag_service.tag_entities, [one], ["rating=2"])
    done = await world.run(tag_service.tag_entities, [one], ["rating=5", "cat"])
    await world.run(undo, done.change)
    assert await tags(world, one) == ["rating=2"]


@pytest.mark.parametrize(
    ("verb", "names"),
    [
        (tag_service.delete_tag, ["rating=4"]),
        (tag_service.rename_tag, ["cat", "kat=5"]),
        (tag_service.add_alias, ["cat", "kat=5"]),
        (tag_service.add_parent, ["cat", "animal=5"]),
        (tag_service.merge_tags, ["cat=1", "rating"]),
        (tag_service.show_tag, ["rating=4"]),
    ],
)
async def test_a_value_is_refused_where_a_name_is_meant(
    world: World, verb: Callable[..., Awaitable[object]], names: list[str]
) -> None:
    (one,) = await entities(world, 1)
    await world.run(tag_service.tag_entities, [one], ["cat", "rating=4"])
    with pytest.raises(MalformedTagError, match="it has a value"):
        await world.run(verb, *names)
    assert await tags(world, one) == ["cat", "rating=4"]


@pytest.mark.parametrize(
    ("verb", "names"),
    [
        (tag_service.rename_tag, ["rating", "stars"]),
        (tag_service.rename_tag, ["points", "Rating"]),
        (tag_service.merge_tags, ["points", "rating"]),
        (tag_service.merge_tags, ["rating", "points"]),
    ],
)
async def test_ratings_stay_what_they_are(
    world: World, verb: Callable[..., Awaitable[object]], names: list[str]
) -> None:
    (one,) = await entities(world, 1)
    await world.run(tag_service.tag_entities, [one], ["points=99", "rating=4"])
    with pytest.raises(RatingTagError):
        await world.run(verb, *names)
    with pytest.raises(RatingTagError):
        await world.run(tag_service.describe_tag, "rating", value_type="text")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("artist\uff1amoebius", "artist:moebius"),
        ("ca\u00adt", "cat"),
        ("cat\u200b", "CAT"),
        ("\ufeffcat", "cat"),
    ],
)
async def test_names_that_look_alike_are_one_tag(world: World, one: str, other: str) -> None:
    (entity_id,) = await entities(world, 1)
    await world.run(tag_service.tag_entities, [entity_id], [one])
    await world.run(tag_service.tag_entities, [entity_id], [other])
    assert len(await tags(world, entity_id)) == 1


@pytest.mark.parametrize("name", ["\u3164", "\u200b", "\U000e0041", "a:\u200b"])
async def test_names_that_nobody_sees_are_refused(world: World, name: str) -> None:
    (entity_id,) = await entities(world, 1)
    with pytest.raises(MalformedTagError):
        await world.run(tag_service.tag_entities, [entity_id], [name])


async def test_a_full_width_equals_sign_gives_a_value(world: World) -> None:
    (entity_id,) = await entities(world, 1)
    await world.run(tag_service.tag_entities, [entity_id], ["rating\uff1d4"])
    assert await tags(world, entity_id) == ["rating=4"]


async def test_a_tag_gets_no_tags(world: World) -> None:
    (entity_id,) = await entities(world, 1)
    await world.run(tag_service.tag_entities, [entity_id], ["cat"])
    tag = await world.run(tag_service.require_tag, "cat")
    with pytest.raises(NotAnAssetError):
        await world.run(tag_service.tag_entities, [tag.entity_id], ["dog"])


async def test_undoing_makes_no_circle_of_parents(world: World) -> None:
    await world.run(tag_service.add_parent, "cat", "animal")
    change = await world.run(tag_service.remove_parent, "cat", "animal")
    await world.run(tag_service.add_parent, "animal", "cat")
    with pytest.raises(ChangedSinceError):
        await world.run(undo, change)
    assert (await world.run(tag_service.show_tag, "cat")).parents == ()


async def test_undoing_brings_no_value_of_another_type_back(world: World) -> None:
    (one,) = await entities(world, 1)
    await world.run(tag_service.tag_entities, [one], ["when=5"])
    done = await world.run(tag_service.untag_entities, [one], ["when"])
    await world.run(tag_service.describe_tag, "when", value_type="date")
    with pytest.raises(ChangedSinceError):
        await world.run(undo, done.change)
    assert await tags(world, one) == []


async def test_a_merged_tag_leaves_its_description(world: World) -> None:
    await world.run(tag_service.describe_tag, "kitty", description="Small")
    await world.run(tag_service.describe_tag, "cat", value_type=None)
    await world.run(tag_service.merge_tags, "kitty", "cat")
    assert (await world.run(tag_service.show_tag, "cat")).description == "Small"


async def test_texts_that_no_database_stores_are_refused(world: World) -> None:
    for text in ("\udcff", "a\0b"):
        with pytest.raises(MalformedTagError):
            await world.run(tag_service.list_tags, text)
        with pytest.raises(MalformedTagError):
            await world.run(tag_service.describe_tag, "cat", description=text)


async def test_many_tags_are_taken_at_once(world: World) -> None:
    (one,) = await entities(world, 1)
    names = [f"tag {number}" for number in range(300)]
    await world.run(tag_service.tag_entities, [one], [*names, "rating=2", "size=3"])
    await world.run(tag_service.untag_entities, [one], [*names, "rating=3", "size=3"])
    assert await tags(world, one) == ["rating=2"]


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_value_in_its_one_form_is_read_again(number: float) -> None:
    value = read_value(repr(number), "number")
    if value is not None:
        assert read_value(value.text, "number") == value
