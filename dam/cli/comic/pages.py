"""`dam-cli comic pages` and `where-used`, and the commands that change the pages of a variant."""

from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import typer

from dam.cli.comic.arguments import VariantArgument, change, resolve, resolve_parsed
from dam.cli.toolkit import completion
from dam.cli.toolkit.arguments import NullSeparated, OneOfTwoError, read_ids
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
_IMAGES = typer.Argument(
    metavar="IMAGE…",
    help="Ids or sha256:… prefixes of pictures; - reads them from stdin.",
    autocompletion=completion.ids("asset"),
)
ImageArguments = Annotated[list[str], _IMAGES]


Force = Annotated[
    bool, typer.Option("--force", help="Also give pages to what is not a comic variant.")
]


class NoPictureNamedError(UsageError):
    """`comic reorder` was told to read ids from stdin, and there were none."""

    def __init__(self) -> None:
        super().__init__(
            "no pictures given; expected ids on stdin",
            "to remove pages, use `dam-cli comic remove-page`",
        )


@command(examples=("dam-cli comic pages 34",))
def pages(state: State, variant: VariantArgument) -> None:
    """List the pages of a variant in reading order."""
    from dam.cli.toolkit.running import run_in_world
    from dam.services.comic_edit_service import view_pages

    async def work(world: "World") -> "list[PageFacts]":
        (variant_id,) = await resolve(world, variant)
        return await world.read(view_pages, variant_id)

    _show(state, run_in_world(state, work))


@command(changes=True, examples=("dam-cli comic add-page 34 56 57 --at 3",))
def add_page(
    state: State,
    variant: VariantArgument,
    images: ImageArguments,
    *,
    at: Annotated[
        int | None,
        typer.Option(
            "--at",
            min=1,
            metavar="N",
            help="Insert as page N and following; by default at the end.",
        ),
    ] = None,
    page_type: Annotated[
        PageType | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            help=f"The type of the pages, as in ComicInfo: {', '.join(get_args(PageType))}.",
        ),
    ] = None,
    double: Annotated[
        bool, typer.Option("--double", help="Each picture is two pages wide.")
    ] = False,
    force: Force = False,
    null: NullSeparated = False,
) -> None:
    """Add pictures to a variant as pages, in the given order.

    The pictures are assets of the world; one picture may be a page of many variants. Pages after
    the inserted ones get higher numbers.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.comic_edit_service import add_pictures

    wanted = read_ids(images, null_separated=null)

    async def work(world: "World") -> "Sequence[PageFacts]":
        (variant_id,) = await resolve(world, variant)
        image_ids = await resolve_parsed(world, wanted)
        added = await change(
            state,
            world,
            add_pictures,
            variant_id,
            image_ids,
            at=at,
            page_type=page_type,
            is_double_page=double,
            is_forced=force,
        )
        return added.pages

    _show(state, run_in_world(state, work))


@command(changes=True, examples=("dam-cli comic remove-page 34 1 2",))
def remove_page(
    state: State,
    variant: VariantArgument,
    numbers: Annotated[
        list[int], typer.Argument(metavar="NUMBER…", min=1, help="The numbers of the pages.")
    ],
    *,
    keep_numbers: Annotated[
        bool,
        typer.Option("--keep-numbers", help="Leave gaps: the pages after them keep their numbers."),
    ] = False,
) -> None:
    """Remove pages from a variant; the pictures stay.

    Pages after them get lower numbers. Each NUMBER counts as before the command: `1 2` removes the
    first two pages.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.page_service import remove_pages

    async def work(world: "World") -> "Sequence[PageFacts]":
        (variant_id,) = await resolve(world, variant)
        removed = await change(
            state, world, remove_pages, variant_id, numbers, closes_gaps=not keep_numbers
        )
        return removed.pages

    _show(state, run_in_world(state, work))


@command(changes=True, examples=("dam-cli comic move-page 34 5 2",))
def move_page(
    state: State,
    variant: VariantArgument,
    number: Annotated[
        int, typer.Argument(metavar="NUMBER", min=1, help="The present number of the page.")
    ],
    to: Annotated[int, typer.Argument(metavar="TO", min=1, help="The new number of the page.")],
) -> None:
    """Move a page to another number.

    The pages in between move by one.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.comic_edit_service import move_page_within

    async def work(world: "World") -> "Sequence[PageFacts]":
        (variant_id,) = await resolve(world, variant)
        return (await change(state, world, move_page_within, variant_id, number, to)).pages

    _show(state, run_in_world(state, work))


@command(
    changes=True,
    examples=(
        "dam-cli comic reorder 34 --by-name",
        "dam-cli comic reorder 34 57 56 58",
    ),
)
def reorder(
    state: State,
    variant: VariantArgument,
    images: Annotated[list[str] | None, _IMAGES] = None,
    *,
    by_name: Annotated[
        bool,
        typer.Option(
            "--by-name", help="Order the pages by their names, as a new import would today."
        ),
    ] = False,
    drop: Annotated[
        bool, typer.Option("--drop", help="Remove the pages that are not given.")
    ] = False,
    force: Force = False,
    null: NullSeparated = False,
) -> None:
    """Put the pages of a variant in a new order.

    Give all its pages, each as often as it is there, so that none is lost by mistake. Pictures that
    are no pages of it yet are added. `comic pages` prints the present ids.

    With --by-name, give no pictures: the pages are ordered by their names in the archive or folder.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.comic_edit_service import reorder_by_name, reorder_pictures

    if by_name == bool(images):
        raise OneOfTwoError("pictures", "--by-name")
    wanted = read_ids(images or [], null_separated=null)
    if not wanted and not by_name:  # perhaps the command that writes to stdin has failed
        raise NoPictureNamedError

    async def work(world: "World") -> "Sequence[PageFacts]":
        (variant_id,) = await resolve(world, variant)
        if by_name:
            return (await change(state, world, reorder_by_name, variant_id)).pages
        image_ids = await resolve_parsed(world, wanted)
        reordered = await change(
            state,
            world,
            reorder_pictures,
            variant_id,
            image_ids,
            drops_others=drop,
            is_forced=force,
        )
        return reordered.pages

    _show(state, run_in_world(state, work))


@command(examples=("dam-cli comic where-used 56",))
def where_used(
    state: State,
    image: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="The id of a picture, or a sha256:… prefix.",
            autocompletion=completion.ids("asset"),
        ),
    ],
) -> ExitCode:
    """List the variants that have a picture as a page."""
    from dam.cli.toolkit.running import run_in_world
    from dam.services.comic_edit_service import view_page_uses

    async def work(world: "World") -> "list[PageUse]":
        (image_id,) = await resolve(world, image)
        return await world.read(view_page_uses, image_id)

    def people(uses: "Sequence[PageUse]") -> None:
        if not uses:
            sentence("this picture is not a page of any comic outside the trash")
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
