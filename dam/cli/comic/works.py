"""`dam-cli comic create`, `find`, `show`, `edit`, `link` and others: works and their variants."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dam.cli.comic.arguments import (
    ConceptArgument,
    EntityArgument,
    VariantArgument,
    change,
    resolve,
    resolve_parsed,
)
from dam.cli.toolkit import completion
from dam.cli.toolkit.arguments import NullSeparated, read_ids
from dam.cli.toolkit.command import State, command
from dam.cli.toolkit.output import counted, emit_json, sentence, show, table
from dam.errors import ExitCode

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from dam.app import World
    from dam.services.comic_book_service import ComicConcept, ComicVariant
    from dam.services.comic_edit_service import ConceptView, VariantView

Text = str | None
Year = Annotated[int | None, typer.Option(metavar="YEAR", help="The year of publication.")]
Series = Annotated[Text, typer.Option(metavar="TEXT", help="The title of the series.")]
Issue = Annotated[Text, typer.Option("--number", metavar="NUMBER", help="The number of the issue.")]
VariantArguments = Annotated[
    list[str],
    typer.Argument(
        metavar="ID",
        help="Ids or sha256:… prefixes; - reads them from stdin.",
        autocompletion=completion.ids("variant"),
    ),
]
Publisher = Annotated[Text, typer.Option(metavar="TEXT", help="The publisher.")]


@command(
    changes=True,
    examples=("dam-cli comic create 'Chapter One' --series Saga --number 1 --year 2012",),
)
def create(
    state: State,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="The comic's own title.")],
    *,
    series: Series = None,
    number: Issue = None,
    volume: Annotated[
        int | None, typer.Option(metavar="N", help="The volume of the series.")
    ] = None,
    year: Year = None,
    publisher: Publisher = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also if a comic with the same facts exists.")
    ] = False,
) -> None:
    """Create a comic (the work), without any variants yet.

    `comic link` gives it variants; `comic edit` adds more facts.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.comic_edit_service import create_new_concept

    async def work(world: "World") -> int:
        return await change(
            state,
            world,
            create_new_concept,
            title,
            series,
            number,
            year,
            volume=volume,
            publisher=publisher,
            is_forced=force,
        )

    entity_id = run_in_world(state, work)
    said = "would create a comic" if state.is_dry_run else f"created comic {entity_id}"
    created = {"entity_id": None if state.is_dry_run else entity_id}
    show(state, created, lambda _: sentence(said))


@command(changes=True, examples=("dam-cli comic link 12 34 35 --primary",))
def link(
    state: State,
    concept: ConceptArgument,
    variants: Annotated[
        list[str],
        typer.Argument(
            metavar="ID…",
            help="Ids or sha256:… prefixes of its new variants; - reads them from stdin.",
            autocompletion=completion.ids("variant", "asset"),
        ),
    ],
    *,
    primary: Annotated[
        bool, typer.Option("--primary", help="Make the first one the primary variant.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also what is no archive and has no pages.")
    ] = False,
    null: NullSeparated = False,
) -> None:
    """Make archives, or unlinked variants, variants of a comic.

    If one of them belongs to another comic, none is linked; `comic unlink` it first.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.comic_edit_service import link_variants

    wanted = read_ids(variants, null_separated=null)

    async def work(world: "World") -> "Sequence[ComicVariant]":
        (concept_id,) = await resolve(world, concept)
        ids = await resolve_parsed(world, wanted)
        linked = await change(
            state, world, link_variants, concept_id, ids, has_primary=primary, is_forced=force
        )
        return linked.variants

    _show_variants(state, run_in_world(state, work))


@command(changes=True, examples=("dam-cli comic unlink 34",))
def unlink(state: State, ids: VariantArguments, *, null: NullSeparated = False) -> None:
    """Unlink variants from their comic.

    They keep their pages, and can be linked to another comic.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.comic_edit_service import unlink_variants

    wanted = read_ids(ids, null_separated=null)

    async def work(world: "World") -> "Sequence[ComicVariant]":
        variant_ids = await resolve_parsed(world, wanted)
        return (await change(state, world, unlink_variants, variant_ids)).variants

    _show_variants(state, run_in_world(state, work))


@command(changes=True, examples=("dam-cli comic set-primary 34",))
def set_primary(state: State, variant: VariantArgument) -> None:
    """Make a variant the primary one of its comic.

    The variant that was the primary one before no longer is.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.comic_edit_service import make_primary

    async def work(world: "World") -> "Sequence[ComicVariant]":
        (variant_id,) = await resolve(world, variant)
        return (await change(state, world, make_primary, variant_id)).variants

    _show_variants(state, run_in_world(state, work))


@command(
    examples=(
        "dam-cli comic find batman",
        "dam-cli comic find --series Saga --number 1",
    )
)
def find(
    state: State,
    title: Annotated[
        str | None,
        typer.Argument(
            metavar="TEXT", help="Part of the comic's own title or of its series' title."
        ),
    ] = None,
    *,
    series: Series = None,
    number: Issue = None,
    year: Year = None,
    publisher: Publisher = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="At most N results.")
    ] = None,
) -> ExitCode:
    """Find comics by title, series, number, year or publisher.

    Lists all comics if no condition is given. A text matches anywhere, in upper or lower case, and
    `--number 1` also finds 001.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.comic_book_service import describe_comic_concepts, find_comic_book_concepts

    async def matching(session: "AsyncSession") -> "list[ComicConcept]":
        ids = await find_comic_book_concepts(
            session,
            title=title,
            series_title=series,
            issue_number=number,
            publication_year=year,
            publisher=publisher,
            limit=limit,
        )
        return await describe_comic_concepts(session, ids)

    async def work(world: "World") -> "list[ComicConcept]":
        return await world.read(matching)

    found = run_in_world(state, work)
    show(state, [_concept(concept) for concept in found], lambda _: _concept_table(found))
    return ExitCode.OK if found else ExitCode.NOTHING_FOUND


@command(examples=("dam-cli comic variants 12",))
def variants(state: State, concept: ConceptArgument) -> None:
    """List the variants of a comic, the primary one first."""
    from dam.cli.toolkit.running import run_in_world
    from dam.services.comic_edit_service import list_variants

    async def work(world: "World") -> "list[ComicVariant]":
        (concept_id,) = await resolve(world, concept)
        return await world.read(list_variants, concept_id)

    _show_variants(state, run_in_world(state, work))


@command("show", examples=("dam-cli comic show 12",))
def show_comic(
    state: State,
    entity: EntityArgument,
) -> None:
    """Show a comic, or one of its variants.

    A comic is shown with its variants, a variant with what its ComicInfo.xml says.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.comic_edit_service import view_comic

    async def work(world: "World") -> "ConceptView | VariantView":
        (entity_id,) = await resolve(world, entity)
        return await world.read(view_comic, entity_id)

    _show_view(state, run_in_world(state, work))


@command(
    changes=True,
    examples=(
        "dam-cli comic edit 12 publisher=Image publication_year=2012",
        "dam-cli comic edit 34 language=fr Notes=",
    ),
)
def edit(
    state: State,
    entity: EntityArgument,
    fields: Annotated[
        list[str],
        typer.Argument(
            metavar="FIELD=VALUE…",
            help="The new value; FIELD= removes the old one.",
            autocompletion=completion.comic_fields,
        ),
    ],
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Also if a comic with the same facts exists.")
    ] = False,
) -> None:
    """Change the facts of a comic or of a variant.

    FIELD is a name that `comic show` prints. A comic also has lists, such as Writer="Lee, Ditko". A
    variant also has the elements of its ComicInfo.xml by their names, such as Series or Notes. An
    element that said the same as a changed field changes with it.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.comic_edit_service import edit_and_view, parse_changes

    changes = parse_changes(fields)

    async def work(world: "World") -> "ConceptView | VariantView":
        (entity_id,) = await resolve(world, entity)
        edited = await change(state, world, edit_and_view, entity_id, changes, is_forced=force)
        return edited.view

    _show_view(state, run_in_world(state, work))


def _show_view(state: State, view: "ConceptView | VariantView") -> None:
    shown = _view(view)
    if state.is_json:
        emit_json(shown)
        return
    table(list(_rows(shown)), ("field", "value"))


def _view(view: "ConceptView | VariantView") -> dict[str, Any]:
    from dam.services.comic_edit_service import ConceptView

    if isinstance(view, ConceptView):
        listed = [_variant(variant) for variant in view.variants]
        return {"kind": "concept", **_concept(view.concept), "variants": listed}
    concept_name = None if view.concept is None else view.concept.name
    return {
        "kind": "variant",
        **_variant(view.variant),
        "concept_name": concept_name,
        "comic_info": view.comic_info,
    }


def _rows(shown: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for name, value in shown.items():
        if name == "variants":
            for variant in value:
                mark = " (primary)" if variant["is_primary_variant"] else ""
                facts = [variant[key] for key in ("format", "language", "scan_group")]
                words = " ".join(fact for fact in facts if fact)
                pages = counted(variant["pages"], "page")
                yield "variant", f"{variant['entity_id']}{mark}  {pages}  {words}".rstrip()
        elif name in ("terms", "comic_info"):
            for key, listed in value.items():
                yield key, listed if isinstance(listed, str) else ", ".join(listed)
        elif value is not None:
            yield name, value


def _concept(concept: "ComicConcept") -> dict[str, Any]:
    return {
        "entity_id": concept.entity_id,
        "name": concept.name,
        **concept.facts,
        "terms": concept.terms,
    }


def _variant(variant: "ComicVariant") -> dict[str, Any]:
    return {
        "entity_id": variant.entity_id,
        "concept_entity_id": variant.concept_entity_id,
        "is_primary_variant": variant.is_primary_variant,
        **variant.facts,
        "pages": variant.page_count,
    }


def _concept_table(found: "Sequence[ComicConcept]") -> None:
    rows = [(c.entity_id, c.name, c.facts.get("publisher")) for c in found]
    table(rows, ("id", "comic", "publisher"))


def _show_variants(state: State, found: "Sequence[ComicVariant]") -> None:
    def people(_: object) -> None:
        rows = [
            (
                v.entity_id,
                v.concept_entity_id,
                "primary" if v.is_primary_variant else None,
                counted(v.page_count, "page"),
                v.facts.get("format"),
                v.facts.get("language"),
                v.facts.get("scan_group"),
            )
            for v in found
        ]
        table(rows, ("id", "comic", "", "pages", "format", "language", "group"))

    show(state, [_variant(variant) for variant in found], people)
