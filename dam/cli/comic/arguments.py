"""Shared by the commands of comics: arguments, and changes in one transaction."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Concatenate, ParamSpec, TypeVar

import typer

from dam.cli.toolkit import completion
from dam.cli.toolkit.arguments import parse_id
from dam.cli.toolkit.command import State

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from dam.app import World

P = ParamSpec("P")
T = TypeVar("T")

VariantArgument = Annotated[
    str,
    typer.Argument(
        metavar="VARIANT",
        help="The id of a variant, or a sha256:… prefix.",
        autocompletion=completion.ids("variant"),
    ),
]
ConceptArgument = Annotated[
    str,
    typer.Argument(
        metavar="CONCEPT",
        help="The id of a comic, as `comic find` prints it.",
        autocompletion=completion.ids("comic"),
    ),
]
EntityArgument = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="The id of a comic or of a variant.",
        autocompletion=completion.ids("comic", "variant"),
    ),
]


async def resolve(world: "World", *texts: str) -> list[int]:
    """Return the entity of each text, in order; a text given twice yields its entity twice.

    Raises:
        MalformedIdError: A text is neither an id nor the beginning of a hash.
        EntityNotFoundError: No entity has this id or hash.
        AmbiguousIdError: Several assets have a hash that begins so.
    """
    return await resolve_parsed(world, [parse_id(text) for text in texts])


async def resolve_parsed(world: "World", wanted: Sequence[int | str]) -> list[int]:
    """Return the entities of ids that were parsed before, in order, as `resolve` does."""
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
    """Run a service function in one transaction, which a dry run rolls back."""
    if state.is_dry_run:
        return await world.rehearse(fn, *args, **kwargs)
    return await world.run(fn, *args, **kwargs)
