"""`dam-cli search` and `list`: finds assets by queries, and writes them in many forms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from dam.cli.saved_queries import forget_saved, list_saved, save_query
from dam.cli.toolkit import completion
from dam.cli.toolkit.command import State, command
from dam.cli.toolkit.listing import Form, FormatOption, Writer, one_of
from dam.cli.toolkit.output import (
    counted,
    emit_json,
    is_read_at_a_terminal,
    paged,
    sentence,
    show,
    table,
    talk,
    with_hint,
)
from dam.errors import ExitCode, QuerySyntaxError, UsageError, echoed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractContextManager

    from dam.app import World
    from dam.services.search_service import (
        Explanation,
        FieldFacts,
        Query,
    )

# The first results shall be there at once, and the later ones cost few transactions.
_FIRST_PAGE, _LARGEST_PAGE, _GROWTH = 100, 5000, 5

_EXAMPLES: Mapping[str, str] = {
    "text": "a part, or a pattern: sea, img*2024*",
    "name": "a word, or a pattern: jpg, image/*",
    "integer": "a number: 3000, >3k, 3k..4k",
    "number": "a number: 4, >=3.5, 2..4",
    "size": "a size: >2MB, 1kB..500kB",
    "duration": "a duration: 90s, >1m30s, 1:30",
    "ratio": "a ratio: 16/9, >1.5",
    "time": "a time: 2024-05, 2024..2025, <3d",
    "flag": "yes or no",
}

Limit = Annotated[int | None, typer.Option(min=1, metavar="N", help="At most N results.")]
SortBy = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FIELD", help="Order by a field; -FIELD for the greatest first. May be repeated."
    ),
]
Fields = Annotated[
    str | None, typer.Option(metavar="NAMES", help="These fields, separated by commas.")
]
Ids = Annotated[bool, typer.Option("--ids", help="Only ids, one a line.")]
Paths = Annotated[bool, typer.Option("--paths", help="Only paths, one a line.")]
EndsWithNull = Annotated[
    bool,
    typer.Option("-0", "--null", help="With --ids, --paths, --format: end each by NUL."),
]
Count = Annotated[bool, typer.Option("--count", help="Only the number of results.")]
Explain = Annotated[bool, typer.Option("--explain", help="How the database finds them.")]


@dataclass(frozen=True, kw_only=True)
class _Wish:
    """A query with the options that concern it."""

    text: str
    sorts: Sequence[str]
    limit: int | None
    is_counted: bool
    is_explained: bool
    form: Form

    def check(self, state: State) -> None:
        """Refuse options that do not go together."""
        self.form.check(state)
        alone = {"count": self.is_counted, "explain": self.is_explained}
        one_of(**alone, **{name: True for name in self.form.given if any(alone.values())})

    async def query(self, world: "World") -> "Query":
        """Return the tree of the query, with the order and the limit of the options."""
        from dam.services.search_service import parse_query

        tree = await world.read(parse_query, self.text)
        orders = [await _order(world, text) for text in self.sorts]
        sorts = [sort for order in orders for sort in order.sorts]
        if len({sort.field for sort in sorts}) < len(sorts):
            raise UsageError("--sort names a field twice", "give each field once")
        limits = [limit for limit in (self.limit, tree.limit) if limit is not None]
        return replace(tree, sorts=tuple(sorts) or tree.sorts, limit=min(limits, default=None))


async def _order(world: "World", text: str) -> "Query":
    from dam.services.search_service import parse_query

    refused, hint = f"not a valid order: {echoed(text)}", "give a field, such as --sort width"
    try:
        order = await world.read(parse_query, f"sort:{text}")
    except QuerySyntaxError as error:  # its position is in a query that nobody has written
        raise UsageError(refused, error.hint or hint) from error
    if len(order.sorts) != 1 or order.condition is not None or order.limit is not None:
        raise UsageError(refused, hint)
    return order


@command(
    changes=True,
    streams=True,
    examples=(
        "dam-cli search holiday type:image 'width:>3000' -tag:draft",
        "dam-cli search tag:cat --format '{id} {name} {width}x{height}'",
        "dam-cli search 'added:<3d' --paths -0 | xargs -0 ls -l",
    ),
)
def search(  # noqa: PLR0913 - one for each option
    state: State,
    query: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="QUERY…",
            help="Words and conditions, such as type:image.",
            autocompletion=completion.query,
        ),
    ] = None,
    *,
    limit: Limit = None,
    sort: SortBy = None,
    fields: Fields = None,
    template: FormatOption = None,
    ids: Ids = False,
    paths: Paths = False,
    null: EndsWithNull = False,
    is_counted: Count = False,
    is_explained: Explain = False,
    save: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Save the query, to be used as @NAME in others."),
    ] = None,
    is_list_of_saved: Annotated[bool, typer.Option("--saved", help="List saved queries.")] = False,
    forget: Annotated[
        str | None, typer.Option(metavar="NAME", help="Forget a saved query.")
    ] = None,
    is_list_of_fields: Annotated[
        bool, typer.Option("--list-fields", help="List the fields of queries, with examples.")
    ] = False,
) -> ExitCode:
    """Find assets.

    A word finds names, titles, tags and texts with a word that begins so. A condition is a field,
    a colon and a value: type:image, tag:cat, width:>3000. All words and conditions must hold;
    -condition must not; or and brackets join them. The newest assets come first.

    Put single quotes around what the shell would read itself, such as < > ( ) and *.
    """
    text = " ".join(query or ())
    form = Form(fields=fields, template=template, ids=ids, paths=paths, null=null)
    about_saved = {
        "save": save is not None,
        "saved": is_list_of_saved,
        "forget": forget is not None,
        "list-fields": is_list_of_fields,
    }
    if chosen := [name for name, is_given in about_saved.items() if is_given]:
        others = {"count": is_counted, "explain": is_explained, "null": null, "sort": bool(sort)}
        one_of(**about_saved, **others, limit=limit is not None, **dict.fromkeys(form.given, True))
        _refuse_query(chosen[0], text)
    if is_list_of_fields:
        return _list_fields(state)
    if is_list_of_saved:
        return list_saved(state)
    if forget is not None:
        return forget_saved(state, forget)
    if save is not None:
        return save_query(state, save, text)
    _require_query(text)
    wish = _Wish(
        text=text,
        sorts=sort or (),
        limit=limit,
        is_counted=is_counted,
        is_explained=is_explained,
        form=form,
    )
    return ExitCode.OK if _answer(state, wish) else ExitCode.NOTHING_FOUND


def _refuse_query(option: str, text: str) -> None:
    if text and option != "save":
        raise UsageError(f"--{option} takes no query", "leave the query out")


def _require_query(text: str) -> None:
    if not text.strip():
        hint = "`dam-cli list` lists all assets, `dam-cli search --help` explains queries"
        raise UsageError("no query given", hint)


@command(
    "list",
    streams=True,
    examples=(
        "dam-cli list --limit 20",
        "dam-cli list --sort -size_bytes --fields id,size_bytes,name",
    ),
)
def list_assets(  # noqa: PLR0913 - one for each option
    state: State,
    *,
    limit: Limit = None,
    sort: SortBy = None,
    fields: Fields = None,
    template: FormatOption = None,
    ids: Ids = False,
    paths: Paths = False,
    null: EndsWithNull = False,
    is_counted: Count = False,
    is_explained: Explain = False,
) -> None:
    """List assets, the newest first.

    What is in the trash, and what is only in archives, is left out, as in `search`.
    """
    wish = _Wish(
        text="",
        sorts=sort or (),
        limit=limit,
        is_counted=is_counted,
        is_explained=is_explained,
        form=Form(fields=fields, template=template, ids=ids, paths=paths, null=null),
    )
    _answer(state, wish)


def _answer(state: State, wish: _Wish) -> int:
    """Write what is wished, and return how many results there are."""
    wish.check(state)
    if wish.is_counted:
        return _count(state, wish)
    if wish.is_explained:
        return _explain(state, wish)
    return _list(state, wish)


def _count(state: State, wish: _Wish) -> int:
    from dam.cli.toolkit.running import run_in_world
    from dam.services.search_service import count

    async def work(world: "World") -> tuple[int, list[str]]:
        query = await wish.query(world)
        return await world.read(count, query), await _notes(world, query)

    found, notes = run_in_world(state, work, only_reads=True)
    if state.is_json or state.is_jsonl:
        emit_json({"count": found})
    else:
        sentence(str(found))
    for note in notes:
        talk(state, note)
    return found


def _explain(state: State, wish: _Wish) -> int:
    from dam.cli.toolkit.running import run_in_world
    from dam.services.search_service import explain

    async def work(world: "World") -> "Explanation":
        return await world.read(explain, await wish.query(world))

    def people(explanation: "Explanation") -> None:
        sentence(f"begins with: {explanation.index or 'all assets, in their order'}")
        for line in (*explanation.sql.splitlines(), *explanation.plan):
            sentence(line)

    explanation = run_in_world(state, work, only_reads=True)
    show(state, explanation, people)
    return 1


def _list(state: State, wish: _Wish) -> int:
    from dam.cli.toolkit.running import run_in_world

    async def work(world: "World") -> tuple[int, list[str]]:
        writer, query = Writer(state, wish.form), await wish.query(world)
        found = await _write_pages(world, query, writer)
        writer.close()
        return found, await _notes(world, query)

    nothing = "nothing found" if wish.text else "no assets yet; `dam-cli add-asset PATH` adds files"
    with _paged_for_people(state, wish.form):
        found, notes = run_in_world(state, work, only_reads=True)
    if not found and is_read_at_a_terminal():
        talk(state, nothing)
    for note in notes:
        talk(state, note)
    return found


def _paged_for_people(state: State, form: Form) -> "AbstractContextManager[None]":
    from contextlib import nullcontext

    is_for_programs = state.is_json or state.is_jsonl or form.null
    return nullcontext() if is_for_programs else paged()


async def _write_pages(world: "World", query: "Query", writer: Writer) -> int:
    """Write all results, page by page, and return how many there are."""
    from dam.services.search_service import read_fields

    found = 0
    async for entity_ids in _pages(world, query):
        writer.write(await world.read(read_fields, entity_ids, writer.names))
        found += len(entity_ids)
    return found


async def _pages(world: "World", query: "Query") -> "AsyncIterator[Sequence[int]]":
    from dam.services.search_service import is_sorted_at_once, search_ids, search_page

    size = _FIRST_PAGE
    if is_sorted_at_once(query):
        entity_ids = await world.read(search_ids, query)
        while entity_ids:
            yield entity_ids[:size]
            entity_ids, size = entity_ids[size:], _LARGEST_PAGE
        return
    after, is_last = None, False
    while not is_last:
        page = await world.read(search_page, query, after=after, limit=size)
        yield page.entity_ids
        after, is_last = page.next, page.next is None
        size = min(size * _GROWTH, _LARGEST_PAGE)


async def _notes(world: "World", query: "Query") -> list[str]:
    """Return why something may be missing: unknown tags, and assets that are not indexed yet."""
    from dam.services.search_service import count_unindexed, unknown_tags

    unknown = await world.read(unknown_tags, query)
    notes = [with_hint(error.message, error.hint) for error in unknown]
    if count := await world.read(count_unindexed):
        verb = "is" if count == 1 else "are"
        notes.append(f"{counted(count, 'asset')} {verb} not indexed yet; run `dam-cli process`")
    return notes


def _taken(field: "FieldFacts") -> str:
    """Return what may stand behind a field: all words, if they are fixed, or else examples."""
    from dam.services.search_service import complete_part, query_part

    start = f"{field.name}:"
    part = query_part(start, len(start))
    words = [each.text for each in complete_part(part, ())] if part else []
    return ", ".join(words) if words and field.kind == "name" else _EXAMPLES[field.kind]


def _list_fields(state: State) -> ExitCode:
    from dam.cli.toolkit.running import run_in_world
    from dam.services.search_service import list_search_fields

    def people(fields: "Sequence[FieldFacts]") -> None:
        rows = [(field.name, ", ".join(field.short_names), _taken(field)) for field in fields]
        table(rows, ("field", "short", "takes"))

    async def work(_: "World") -> "Sequence[FieldFacts]":
        return list_search_fields()

    show(state, run_in_world(state, work, only_reads=True), people)
    return ExitCode.OK
