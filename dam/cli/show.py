"""`dam-cli show`: what people want to know of assets, or everything."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from dam.cli.toolkit.arguments import AssetArguments, NullSeparated, QueryOption, read_chosen
from dam.cli.toolkit.cells import FileLink, cell
from dam.cli.toolkit.command import State, command
from dam.cli.toolkit.listing import FormatOption, TooManyFormsError, write_by_template
from dam.cli.toolkit.output import show, table
from dam.cli.toolkit.photo_texts import camera_text, place_text
from dam.cli.toolkit.stream_texts import album_text, streams_text
from dam.cli.toolkit.summary_texts import title_text, type_text

if TYPE_CHECKING:
    from dam.app import World
    from dam.services.asset_service import EntityFacts
    from dam.services.summary_service import ComicPlace, EntitySummary

_MOST = 10
_MOST_LETTERS = 500
_KEPT = {"store": "in the store", "reference": "where it is", "archive": "in an archive"}


@command(
    "show",
    examples=(
        "dam-cli show 12",
        "dam-cli show 12 --raw",
        "dam-cli show sha256:9f86d081 --json",
    ),
)
def show_asset(
    state: State,
    ids: AssetArguments = None,
    query: QueryOption = None,
    *,
    raw: Annotated[
        bool, typer.Option("--raw", help="Show all components with all their fields.")
    ] = False,
    template: FormatOption = None,
    null: NullSeparated = False,
) -> None:
    """Show what there is to know of assets.

    That is at most ten facts each: what it is, its tags, where it was seen, the comics it is in.
    With --raw, and with --json, it is everything.
    """
    from dam.cli.toolkit.running import run_in_world

    chosen = read_chosen(ids, query, null_separated=null)
    if raw and template is not None:
        raise TooManyFormsError(["--raw", "--format"])

    async def describe(world: "World") -> "list[EntityFacts]":
        from dam.services.asset_service import describe_entities

        return await world.read(describe_entities, await chosen.in_world(world))

    async def summarise(world: "World") -> "list[EntitySummary]":
        from dam.services.summary_service import summarise_entities

        return await world.read(summarise_entities, await chosen.in_world(world))

    async def fill_in(world: "World") -> None:
        assert template is not None
        await write_by_template(state, world, template, await chosen.in_world(world))

    if template is not None:
        run_in_world(state, fill_in)
    elif raw or state.is_json:
        show(state, run_in_world(state, describe), _show_raw)
    else:
        show(state, run_in_world(state, summarise), _show_summaries)


def _show_summaries(summaries: "Sequence[EntitySummary]") -> None:
    rows = [(one.entity_id, *row) for one in summaries for row in _rows(one)]
    table(rows, ("id", "fact", "value"), nothing="nothing found")


def _rows(one: "EntitySummary") -> list[tuple[str, object]]:
    """Return the facts of a summary that it has, each with its name: at most ten."""
    facts: list[tuple[str, object]] = [
        ("name", one.name),
        ("type", type_text(one)),
        ("failed", _first(f"{system}: {message}" for system, message in one.failures)),
        ("streams", "" if one.streams is None else streams_text(one.streams)),
        ("album", "" if one.song is None else album_text(one.song)),
        ("title", title_text(one)),
        ("camera", "" if one.camera is None else camera_text(one.camera)),
        ("taken", _joined("" if one.taken_at is None else cell(one.taken_at), place_text(one))),
        ("tags", ", ".join(one.tags)),
        ("kept", _kept_text(one)),
        ("path", _path(one)),
        ("comic", _first(map(_comic_text, one.comics))),
        ("sidecar", "" if one.sidecar is None else f"{one.sidecar[0]} {one.sidecar[1]}"),
    ]
    shown = [(name, _cut(value)) for name, value in facts if value not in (None, "")]
    if len(shown) <= _MOST:
        return shown
    left = ", ".join(name for name, _ in shown[_MOST - 1 :])
    return [*shown[: _MOST - 1], ("more", f"{left}; --raw shows all")]


def _cut(value: object) -> object:
    """Return a text that is too long to be read in a table without its end."""
    if not isinstance(value, str) or len(value) <= _MOST_LETTERS:
        return value
    return f"{value[:_MOST_LETTERS]}... (--raw shows all)"


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _first(texts: Iterable[str]) -> str:
    """Return the first of several texts, and how many there are more."""
    listed = list(texts)
    more = f" (and {len(listed) - 1} more)" if len(listed) > 1 else ""
    return f"{listed[0]}{more}" if listed else ""


def _kept_text(one: "EntitySummary") -> str:
    kept = " and ".join(_KEPT.get(kind, kind) for kind in one.kept)
    if one.trashed_at:
        return _joined(kept, f"in the trash since {cell(one.trashed_at)}")
    return f"{kept or 'known'} since {cell(one.added_at)}"


def _path(one: "EntitySummary") -> FileLink | None:
    """Return where an asset was seen last, or the archive that it is in; how often else."""
    places = [(path, path) for path in one.paths]
    places += [(f"{archive}/{name}", archive) for archive, name in one.members]
    return FileLink(_first(text for text, _ in places), places[0][1]) if places else None


def _comic_text(place: "ComicPlace") -> str:
    name = place.name or "a comic without a title"
    if place.page_number is None:
        return name
    return f"{name}, page {place.page_number} of {place.variant_entity_id}"


def _show_raw(described: "Sequence[EntityFacts]") -> None:
    rows = [row for facts in described for row in _raw_rows(facts)]
    table(rows, ("id", "component", "field", "value"), nothing="nothing found")


def _raw_rows(entity: "EntityFacts") -> Iterator[Sequence[object]]:
    yield entity.entity_id, "Entity", "created_at", entity.created_at
    for name, component in entity.components.items():
        many = component if isinstance(component, list) else [component]
        for number, facts in enumerate(many, start=1):
            label = name if len(many) == 1 else f"{name}[{number}]"
            for field, value in facts.items() or [(None, None)]:
                yield entity.entity_id, label, field, value
