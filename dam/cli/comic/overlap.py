"""`dam-cli comic overlap` and `duplicates`: variants that share pages."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dam.cli.comic.arguments import VariantArgument, resolve
from dam.cli.toolkit.command import State, command
from dam.cli.toolkit.output import show, table, talk

if TYPE_CHECKING:
    from dam.app import World
    from dam.services.comic_overlap_service import VariantOverlap

Threshold = Annotated[
    int | None,
    typer.Option(min=0, max=64, metavar="N", help="Pages are the same if at most N bits differ."),
]


@command(examples=("dam-cli comic overlap 34",))
def overlap(state: State, variant: VariantArgument, *, threshold: Threshold = None) -> None:
    """Find variants that share pages with a given one.

    These are other scans, editions and collections. Pages are compared by their bytes and by how
    they look; blank pages do not count. Nothing is linked: `comic link` does that.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.comic_overlap_service import overlap_of

    async def work(world: "World") -> "list[VariantOverlap]":
        (variant_id,) = await resolve(world, variant)
        return await overlap_of(world, variant_id, threshold=threshold)

    _end(state, run_in_world(state, work))


@command(examples=("dam-cli comic duplicates --threshold 4",))
def duplicates(state: State, *, threshold: Threshold = None) -> None:
    """Find all pairs of variants that share pages.

    Pairs that share the most come first. `comic overlap --help` says how pages are compared.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.comic_overlap_service import find_duplicates

    async def work(world: "World") -> "list[VariantOverlap]":
        return await find_duplicates(world, threshold=threshold)

    _end(state, run_in_world(state, work))


def _end(state: State, found: "Sequence[VariantOverlap]") -> None:
    show(state, [_overlap(pair) for pair in found], lambda _: _show_table(found))
    if unlinked := sum(not pair.is_linked for pair in found):
        what = "pair is not linked" if unlinked == 1 else "pairs are not linked"
        talk(state, f"{unlinked} {what}; `dam-cli comic link` makes them variants of one comic")


def _overlap(pair: "VariantOverlap") -> dict[str, Any]:
    return {
        "variant_entity_ids": pair.variant_entity_ids,
        "concept_entity_ids": pair.concept_entity_ids,
        "shared": pair.shared,
        "identical": pair.identical,
        "only": pair.only,
        "kind": pair.kind,
        "is_linked": pair.is_linked,
        "score": pair.score,
    }


def _show_table(found: "Sequence[VariantOverlap]") -> None:
    rows = []
    for pair in found:
        first, second = pair.variant_entity_ids
        rows.append(
            (
                first,
                second,
                pair.kind,
                f"{pair.shared} shared",
                _only(pair.only[first]),
                _only(pair.only[second]),
                "one comic" if pair.is_linked else "not linked",
            )
        )
    header = ("id", "other", "kind", "pages", "of id", "of other", "")
    table(rows, header, nothing="no variants share pages")


def _only(numbers: Sequence[int]) -> str | None:
    """Return ascending page numbers as text, such as `only 1, 20-24`; None without any."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return f"only {', '.join('-'.join(map(str, run)) for run in runs)}" if runs else None
