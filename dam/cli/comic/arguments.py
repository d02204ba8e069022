"""What the commands of comics share: their arguments, and how their changes are made."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Concatenate, ParamSpec, TypeVar

import typer

from dam.cli.toolkit.arguments import parse_id
from dam.cli.toolkit.command import State

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from dam.app import World

P = ParamSpec("P")
T = TypeVar("T")

VariantArgument = Annotated[
    str, typer.Argument(metavar="VARIANT", help="The id of a variant, or a sha256:… prefix.")
]
ConceptArgument = Annotated[str, typer.Argument(metavar="CONCEPT", help="The id of a concept.")]


async def resolve(world: "World", *texts: str) -> list[int]:
    """Return the entities that are meant, in the order in which they were named, also repeatedly.

    Raises:
        MalformedIdError, EntityNotFoundError, AmbiguousIdError: Of what was named.
    """
    return await resolve_parsed(world, [parse_id(text) for text in texts])


async def resolve_parsed(world: "World", wanted: Sequence[int | str]) -> list[int]:
    """Return the same of ids that were parsed before."""
    from dam.services.asset_service import resolve_each

    found = await world.read(resolve_each, wanted)
    return [found[one] for one in wanted]


async def change(
    state: State,
    world: "World",
    fn: "Callable[Concatenate[AsyncSession, P], Awaitable[T]]",
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run a service function in one transaction, which a dry run does not keep."""
    if state.is_dry_run:
        return await world.rehearse(fn, *args, **kwargs)
    return await world.run(fn, *args, **kwargs)
