"""`dam-cli comic pages` and what changes them."""

from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import typer

from dam.cli.comic.arguments import VariantArgument, change, resolve, resolve_parsed
from dam.cli.toolkit.arguments import NullSeparated, read_ids
from dam.cli.toolkit.command import State, command
from dam.cli.toolkit.output import sentence, show, table
from dam.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dam.app import World
    from dam.services.comic_book_service import PageUse
    from dam.services.page_service import PageFacts

PageType = Literal[
    "FrontCover",
    "InnerCover",
    "Roundup",
    "Story",
    "Advertisement",
    "Editorial",
    "Letters",
    "Preview",
    "BackCover",
    "Other",
    "Deleted",
]
ImageArguments = Annotated[
    list[str],
    typer.Argument(
        metavar="IMAGE…", help="Ids or sha256:… prefixes of pictures; - reads them from stdin."
    ),
]


class NoPictureNamedError(UsageError):
    """Stdin was to say which pictures are pages, and was empty."""

    def __init__(self) -> None:
        super().__init__(
            "no picture is named; expected ids on stdin",
            "`dam-cli comic remove-page` takes pages away",
        )


@command()
def pages(state: State, variant: VariantArgument) -> None:
    """List the pages of a variant in reading order."""
    from dam.cli.toolkit.running import run_in_world
    from dam.services.comic_edit_service import view_pages

    async def work(world: "World") -> "list[PageFacts]":
        (owner,) = await resolve(world, variant)
        return await world.read(view_pages, owner)

    _show(state, run_in_world(state, work))


@command(changes=True)
def add_page(
    state: State,
    variant: VariantArgument,
    images: ImageArguments,
    *,
    at: Annotated[
        int | None,
        typer.Option("--at", min=1, metavar="N", help="Insert from number N on; else at the end."),
    ] = None,
    page_type: Annotated[
        PageType | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            help=f"What they are, in ComicInfo's words: {', '.join(get_args(PageType))}.",
        ),
    ] = None,
    double: Annotated[bool, typer.Option("--double", help="They are two pages wide.")] = False,
    null: NullSeparated = False,
) -> None:
    """Make pictures pages of a variant, one after the other.

    They are assets that are there already; one picture may be a page of many variants. The pages
    behind them move up.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.page_service import add_pages

    wanted = read_ids(images, null_separated=null)

    async def work(world: "World") -> "list[PageFacts]":
        (owner,) = await resolve(world, variant)
        image_ids = await resolve_parsed(world, wanted)
        return await change(
            state,
            world,
            add_pages,
            owner,
            image_ids,
            at=at,
            page_type=page_type,
            is_double_page=double,
        )

    _show(state, run_in_world(state, work))


@command(changes=True)
def remove_page(
    state: State,
    variant: VariantArgument,
    numbers: Annotated[
        list[int], typer.Argument(metavar="NUMBER…", min=1, help="The numbers of the pages.")
    ],
    *,
    keep_numbers: Annotated[
        bool, typer.Option("--keep-numbers", help="The pages behind keep theirs; gaps stay.")
    ] = False,
) -> None:
    """Take pages from a variant; the pictures stay.

    The pages behind move down. All numbers are those before the command.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.page_service import remove_pages

    async def work(world: "World") -> "list[PageFacts]":
        (owner,) = await resolve(world, variant)
        return await change(
            state, world, remove_pages, owner, numbers, closes_gaps=not keep_numbers
        )

    _show(state, run_in_world(state, work))


@command(changes=True)
def move_page(
    state: State,
    variant: VariantArgument,
    number: Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="Where the page is.")],
    to: Annotated[int, typer.Argument(metavar="TO", min=1, help="Where it is to be.")],
) -> None:
    """Move a page to another number.

    The pages between move by one.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.page_service import renumber_page as move_page

    async def work(world: "World") -> "list[PageFacts]":
        (owner,) = await resolve(world, variant)
        return await change(state, world, move_page, owner, number, to)

    _show(state, run_in_world(state, work))


@command(changes=True)
def reorder(
    state: State,
    variant: VariantArgument,
    images: ImageArguments,
    *,
    drop: Annotated[
        bool, typer.Option("--drop", help="Take away the pages that are not named.")
    ] = False,
    null: NullSeparated = False,
) -> None:
    """Give a variant these pictures as its pages, in order.

    Every page that it has must be named, as often as it is there, so that none is lost unseen; new
    ones are added. `comic pages` prints the ids to begin with.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.page_service import reorder_pages

    wanted = read_ids(images, null_separated=null)
    if not wanted:  # stdin came from a command that failed, perhaps
        raise NoPictureNamedError

    async def work(world: "World") -> "list[PageFacts]":
        (owner,) = await resolve(world, variant)
        image_ids = await resolve_parsed(world, wanted)
        return await change(state, world, reorder_pages, owner, image_ids, drops_others=drop)

    _show(state, run_in_world(state, work))


@command()
def where_used(
    state: State,
    image: Annotated[
        str, typer.Argument(metavar="ID", help="The id of a picture, or a sha256:… prefix.")
    ],
) -> ExitCode:
    """List the variants that have a picture as a page."""
    from dam.cli.toolkit.running import run_in_world
    from dam.services.comic_book_service import describe_page_uses

    async def work(world: "World") -> "list[PageUse]":
        (image_id,) = await resolve(world, image)
        return await world.read(describe_page_uses, image_id)

    def people(uses: "Sequence[PageUse]") -> None:
        if not uses:
            sentence("it is no page of a comic")
            return
        table(
            [
                (u.variant_entity_id, u.page_number, u.concept_entity_id, u.comic_title)
                for u in uses
            ],
            ("variant", "page", "comic", "title"),
        )

    show(state, run_in_world(state, work), people)
    return ExitCode.OK


def _show(state: State, found: "Sequence[PageFacts]") -> None:
    show(state, [_page(page) for page in found], lambda _: _show_table(found))


def _page(page: "PageFacts") -> dict[str, Any]:
    return {
        "page_number": page.page_number,
        "entity_id": page.entity_id,
        "sha256": page.sha256,
        "name": page.name,
        "width": page.width,
        "height": page.height,
        "type": page.page_type,
        "double_page": page.is_double_page,
    }


def _show_table(found: "Sequence[PageFacts]") -> None:
    rows = [
        (
            page.entity_id,
            page.page_number,
            f"{page.width}x{page.height}" if page.width else None,
            f"{page.page_type or '-'}{' (double)' if page.is_double_page else ''}",
            page.name,
        )
        for page in found
    ]
    table(rows, ("id", "page", "pixels", "type", "name"))
