"""`dam-cli comic remove`: removes a comic or a variant with its pages."""

from typing import TYPE_CHECKING, Annotated

import typer

from dam.cli.comic.arguments import EntityArgument, resolve
from dam.cli.toolkit.command import State, command
from dam.cli.trash import Forever, show_removal
from dam.errors import ExitCode

if TYPE_CHECKING:
    from dam.app import World
    from dam.services.removal_service import Removal


@command(
    "remove",
    changes=True,
    examples=(
        "dam-cli comic remove 12 --dry-run",
        "dam-cli comic remove 12",
    ),
)
def remove_comic(
    state: State,
    entity: EntityArgument,
    *,
    forever: Forever = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="With --forever: also an archive that has the only bytes of another's page.",
        ),
    ] = False,
) -> ExitCode:
    """Put a comic, or one variant, with its pages into the trash.

    Of a comic, all variants are removed. Pages that another comic has stay. `restore-asset` brings
    all of it back together.

    With --forever nothing of it is kept, and a later `gc` removes the stored bytes. Files that were
    added with --mode reference are never touched.
    """
    from dam.cli.toolkit.running import run_in_world

    async def work(world: "World") -> "Removal":
        from dam.services.comic_edit_service import remove_comic

        (entity_id,) = await resolve(world, entity)
        return await remove_comic(
            world,
            entity_id,
            is_forever=forever,
            is_forced=force,
            is_dry_run=state.is_dry_run,
        )

    return show_removal(state, run_in_world(state, work), is_forever=forever)
