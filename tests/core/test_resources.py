"""Resources are found by type and closed in reverse, whatever happens."""

import pytest

from dam.core.builder import WorldBuilder
from dam.core.resources import ResourceManager
from dam.core.world import World
from dam.errors import MissingResourceError
from tests.core.worlds import builder_of

URL = "sqlite:///never-opened.db"


class Closing:
    """Notes when it is closed."""

    def __init__(self, closed: list[str], *, fails: bool = False) -> None:
        self._closed = closed
        self._fails = fails

    async def close(self) -> None:
        self._closed.append(type(self).__name__)
        if self._fails:
            raise RuntimeError(type(self).__name__)


class First(Closing):
    """Made first."""


class Second(Closing):
    """Made from the first."""


class Third(Closing):
    """Made last."""


def builder_with(closed: list[str], *, fails: bool = False) -> WorldBuilder:
    builder = builder_of(URL)
    builder.add_resource(First, lambda _: First(closed))
    builder.add_resource(Second, lambda _: Second(closed, fails=fails))
    builder.add_resource(Third, lambda _: Third(closed))
    return builder


async def test_resources_are_closed_in_reverse() -> None:
    closed: list[str] = []
    world = await builder_with(closed).build()
    await world.close()
    assert closed == ["Third", "Second", "First"]


async def test_a_resource_that_fails_to_close_hinders_no_other() -> None:
    closed: list[str] = []
    world = await builder_with(closed, fails=True).build()
    with pytest.raises(RuntimeError, match="Second"):
        await world.close()
    assert closed == ["Third", "Second", "First"]


async def test_what_was_opened_is_closed_when_a_later_resource_cannot_be_made() -> None:
    closed: list[str] = []

    def fail(_resources: ResourceManager) -> Third:
        raise ZeroDivisionError

    builder = builder_with(closed)
    builder.add_resource(Third, fail)
    with pytest.raises(ZeroDivisionError):
        await builder.build()
    assert closed == ["Second", "First"]


async def test_a_resource_can_be_made_from_those_before_it() -> None:
    builder = builder_of(URL)
    builder.add_resource(First, lambda _: First([]))
    made_from = []

    def make(resources: ResourceManager) -> Second:
        made_from.append(resources.get(First))
        return Second([])

    builder.add_resource(Second, make)
    world = await builder.build()
    assert made_from == [world.resources.get(First)]
    await world.close()


async def test_a_later_resource_of_a_type_takes_the_place_of_an_earlier() -> None:
    closed: list[str] = []
    builder = builder_with(closed)
    mine = First([])
    builder.add_resource(First, lambda _: mine)
    world = await builder.build()
    assert world.resources.get(First) is mine
    await world.close()
    assert closed == ["Third", "Second"]


async def test_the_world_is_a_resource_of_its_own() -> None:
    world = await builder_of(URL).build()
    assert world.resources.get(World) is world
    await world.close()


async def test_a_missing_resource_says_what_there_is() -> None:
    resources = ResourceManager()
    resources.add(First, First([]))
    resources.add(Second, Second([]))
    with pytest.raises(MissingResourceError) as caught:
        resources.get(Third)
    assert str(caught.value) == "no resource Third; known: First, Second"
    with pytest.raises(MissingResourceError, match="known: none"):
        ResourceManager().get(Third)
