"""`World.run` sees what a function takes first; its siblings give a session to every function."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_type

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.read_only import ReadOnly
from dam.core.systems.params import WorldSession
from dam.core.world import World
from dam.errors import EntityNotFoundError, ReaderWritesError, UnfitFunctionError
from dam.models import ImageDimensionsComponent
from dam.services.ecs_service import count_entities, create_entity, delete_entity, get_component
from tests.core.worlds import OpenWorld

if TYPE_CHECKING:
    from decimal import Decimal

POSSIBLE = (
    "its first parameter must be annotated: `World` for a long job that makes its own "
    "transactions, `AsyncSession` for a function that runs in one transaction, "
    "`ReadOnly[AsyncSession]` for one that only reads"
)


async def create_many(world: World, count: int, *, has_end: bool = True) -> str:
    """Create entities, each in a transaction of its own."""
    for _ in range(count):
        await world.run(create_entity)
    if not has_end:
        raise EntityNotFoundError([0])
    return world.config.name


async def create_two(session: AsyncSession) -> None:
    await create_entity(session)
    await create_entity(session)


class Creating:
    """Functions of a world or a session as methods, and as an object that is called."""

    def __init__(self, count: int) -> None:
        self.count = count

    async def in_steps(self, world: World) -> None:
        await create_many(world, self.count)

    async def __call__(self, session: "AsyncSession") -> None:
        for _ in range(self.count):
            await create_entity(session)


@dataclass
class CreatingTwo:
    """As the one above, but it has no hash."""

    async def __call__(self, session: AsyncSession) -> None:
        await create_two(session)


async def create_as_reader(session: ReadOnly[AsyncSession]) -> None:
    await create_two(session)


async def create_in_read_only_world(world: ReadOnly[World]) -> None:
    await world.run(create_two)


async def create_beside(world: ReadOnly[World]) -> None:
    await asyncio.create_task(create_many(world, 1))


async def read_in_steps(world: ReadOnly[World], times: int) -> int:
    return sum([await world.run(count_entities) for _ in range(times)])


async def in_session(session: WorldSession) -> None:
    await create_two(session)


async def test_a_function_of_a_world_makes_its_own_transactions(open_world: OpenWorld) -> None:
    async with open_world() as world:
        assert await world.run(create_many, 2) == world.config.name
        with pytest.raises(EntityNotFoundError):
            await world.run(create_many, 1, has_end=False)
        assert await world.run(count_entities) == 3


async def test_a_function_of_a_session_runs_in_one_transaction(open_world: OpenWorld) -> None:
    async def half(session: AsyncSession) -> None:
        await create_two(session)
        await delete_entity(session, 4711)

    async with open_world() as world:
        with pytest.raises(EntityNotFoundError):
            await world.run(half)
        assert await world.read(count_entities) == 0


@pytest.mark.parametrize(
    "function",
    [
        create_two,
        in_session,
        Creating(2),
        CreatingTwo(),
        Creating(2).in_steps,
        partial(create_many, count=2),
        partial(Creating(2)),
    ],
    ids=["function", "injected", "object", "no hash", "method", "partial", "partial object"],
)
async def test_whatever_says_what_it_takes_is_run(open_world: OpenWorld, function: Any) -> None:
    async with open_world() as world:
        await world.run(function)
        assert await world.read(count_entities) == 2


async def test_a_function_that_only_reads_takes_no_lock(open_world: OpenWorld) -> None:
    async with open_world() as world:
        await world.run(create_two)
        async with world.database.writer():  # a second writer would be refused
            assert await world.run(count_entities) == 2
            assert await world.run(read_in_steps, 2) == 4


@pytest.mark.parametrize("function", [create_as_reader, create_in_read_only_world, create_beside])
async def test_a_function_that_says_it_only_reads_cannot_write(
    open_world: OpenWorld, function: Any
) -> None:
    async with open_world() as world:
        with pytest.raises(ReaderWritesError) as refused:
            await world.run(function)
        assert await world.run(count_entities) == 0
        await world.run(create_two)  # afterwards all others can
    assert str(refused.value) == (
        "a reader cannot write; call the function with `World.run`, and take `ReadOnly` off its "
        "first parameter if that has it"
    )


async def test_what_a_function_takes_is_read_once(open_world: OpenWorld) -> None:
    signatures = []

    class Counted:
        @property
        def __signature__(self) -> inspect.Signature:
            signatures.append(inspect.signature(count_entities))
            return signatures[-1]

        async def __call__(self, session: AsyncSession) -> int:
            return await count_entities(session)

    counted = Counted()
    async with open_world() as world:
        assert [await world.run(counted) for _ in range(3)] == [0, 0, 0]
        assert await world.read(counted) == 0
    assert len(signatures) == 1


async def typed_wrongly(world: World) -> None:
    """It is mypy that checks this, each ignored error too: a wrong argument is named as such."""
    assert_type(await world.run(count_entities), int)
    assert_type(await world.run(create_many, 2), str)
    read = await world.run(get_component, 1, ImageDimensionsComponent)
    assert_type(read, ImageDimensionsComponent | None)
    await world.run(create_many)  # type: ignore[call-arg] # one is missing
    await world.run(create_many, "2")  # type: ignore[arg-type] # is of another type
    await world.run(create_many, 2, end=True)  # type: ignore[call-arg] # there is none
    await world.run(delete_entity, "12")  # type: ignore[arg-type] # is of another type
    await world.run(of_path)  # type: ignore[type-var] # takes neither
    assert_type(await world.run(read_in_steps, 2), int)
    await world.run(read_in_steps, "2")  # type: ignore[arg-type] # is of another type
    await world.read(read_in_steps, 2)  # type: ignore[arg-type] # takes a World
    await world.read(create_many, 2)  # type: ignore[arg-type] # takes a World


async def of_path(path: Path) -> None: ...


async def of_anything(*arguments: Any) -> None: ...


async def of_nothing() -> None: ...


async def of_either(either: World | AsyncSession) -> None: ...


async def unannotated(world):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201 - that is it
    ...


async def undefined(amount: "Decimal") -> None: ...


REFUSED: list[tuple[Any, str]] = [
    (of_path, f"of_path: its first parameter is a Path; {POSSIBLE}"),
    (of_either, f"of_either: its first parameter is a {World | AsyncSession}; {POSSIBLE}"),
    (
        of_anything,
        f"of_anything: it takes *arguments: Any first, which may be anything; {POSSIBLE}",
    ),
    (of_nothing, f"of_nothing: it takes no argument; {POSSIBLE}"),
    (unannotated, f"unannotated: its first parameter 'world' has no annotation; {POSSIBLE}"),
    (lambda world: world, f"<lambda>: its first parameter 'world' has no annotation; {POSSIBLE}"),
    (
        undefined,
        "undefined: an annotation names 'Decimal', which is not defined; import it so that it is "
        "there at run time, not under TYPE_CHECKING",
    ),
    (
        12,
        "12: it is not a function; write `run(function, argument, …)`, not "
        "`run(function(argument, …))`",
    ),
]


@pytest.mark.parametrize(("function", "said"), REFUSED)
async def test_a_function_of_anything_else_is_refused(
    open_world: OpenWorld, function: Any, said: str
) -> None:
    async with open_world() as world:
        with pytest.raises(UnfitFunctionError) as refused:
            await world.run(function)
    assert str(refused.value) == f"`run` cannot call {said}"


@pytest.mark.parametrize("verb", ["read", "rehearse", "run_durably"])
async def test_where_a_session_is_given_a_function_of_a_world_is_refused(
    open_world: OpenWorld, verb: str
) -> None:
    async with open_world() as world:
        give: Callable[..., Awaitable[Any]] = getattr(world, verb)
        with pytest.raises(UnfitFunctionError) as refused:
            await give(create_many, 2)
        assert await world.read(count_entities) == 0
        assert await give(lambda session: count_entities(session, where=[])) == 0
    assert str(refused.value) == (
        f"`{verb}` cannot call create_many: it takes a World and makes its own transactions; "
        "call it with `run`"
    )
