"""`dam-cli tag …`: gives tags to assets and takes them away, lists them, and puts them in order."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from dam.cli.toolkit import completion
from dam.cli.toolkit.arguments import Chosen, NullSeparated, QueryOption, Yes, read_chosen
from dam.cli.toolkit.command import Group, State, command
from dam.cli.toolkit.output import confirm, counted, emit_json, sentence, show, table
from dam.errors import UsageError

if TYPE_CHECKING:
    from dam.app import World
    from dam.services.ecs_service import Change
    from dam.services.tag_service import TagFacts, TagUse

_DOC = """Give tags to assets; list, rename and merge tags.

A tag is name, namespace:name or name=value, such as cat, artist:moebius or rating=4. Case does not
matter.
"""

TagArgument = Annotated[
    str, typer.Argument(metavar="TAG", help="A tag or an alias.", autocompletion=completion.tags)
]
TagArguments = Annotated[
    list[str],
    typer.Argument(
        metavar="TAG",
        help="As name, namespace:name or name=value.",
        autocompletion=completion.tags,
    ),
]
_IDS = "Ids or sha256:… prefixes; - reads them from stdin."
ToAssets = Annotated[
    list[str] | None,
    typer.Option("--to", metavar="ID…", help=_IDS, autocompletion=completion.ids("asset")),
]
FromAssets = Annotated[
    list[str] | None,
    typer.Option("--from", metavar="ID…", help=_IDS, autocompletion=completion.ids("asset")),
]
RemoveIt = Annotated[bool, typer.Option("--remove", help="Take it away again.")]


@command(
    changes=True,
    examples=(
        "dam-cli tag add cat artist:moebius --to 12 13",
        "dam-cli tag add rating=4 --to -",
        "dam-cli tag add wide --query 'ratio:>2'",
    ),
)
def add(
    state: State,
    tags: TagArguments,
    to: ToAssets = None,
    query: QueryOption = None,
    *,
    null: NullSeparated = False,
) -> None:
    """Give tags to assets.

    A tag that there is not yet is created. A value, as in rating=4, replaces the one before;
    ratings go from 0 to 5.
    """
    chosen = read_chosen(to, query, null_separated=null, option="--to")
    _change_tags(state, tags, chosen, is_given=True)


@command(changes=True, examples=("dam-cli tag remove cat --from 12 13",))
def remove(
    state: State,
    tags: TagArguments,
    from_: FromAssets = None,
    query: QueryOption = None,
    *,
    null: NullSeparated = False,
) -> None:
    """Take tags from assets.

    Only what people gave is taken away, not what files say. Of a tag with a value, rating takes
    any value away, and rating=4 only this one.
    """
    chosen = read_chosen(from_, query, null_separated=null, option="--from")
    _change_tags(state, tags, chosen, is_given=False)


def _change_tags(state: State, tags: Sequence[str], chosen: Chosen, *, is_given: bool) -> None:
    from dam.cli.toolkit.running import run_in_world

    async def work(world: "World") -> int:
        from dam.services.tag_service import tag_entities, untag_entities

        entity_ids = await chosen.in_world(world)
        change = tag_entities if is_given else untag_entities
        do = world.rehearse if state.is_dry_run else world.run
        return (await do(change, entity_ids, tags)).changed

    changed = run_in_world(state, work)
    if state.is_json:
        emit_json({"changed": changed})
        return
    verb = "would change" if state.is_dry_run else "changed"
    sentence(f"{verb} the tags of {counted(changed, 'asset')}")


@command("list", examples=("dam-cli tag list", "dam-cli tag list artist:"))
def list_tags(
    state: State,
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="The beginning of names.")] = "",
) -> None:
    """List tags, with the number of assets that have them.

    A tag stands once for each source: user for people, file for what files say.
    """
    from dam.cli.toolkit.running import run_in_world

    async def work(world: "World") -> "list[TagUse]":
        from dam.services import tag_service

        return await world.read(tag_service.list_tags, prefix)

    show(state, run_in_world(state, work), _show_uses)


@command("show", examples=("dam-cli tag show cat",))
def show_tag(state: State, tag: TagArgument) -> None:
    """Show what is known of a tag: aliases, parents, children, uses."""
    from dam.cli.toolkit.running import run_in_world

    async def work(world: "World") -> "TagFacts":
        from dam.services import tag_service

        return await world.read(tag_service.show_tag, tag)

    show(state, run_in_world(state, work), _show_facts)


@command(changes=True, examples=("dam-cli tag rename kat cat",))
def rename(
    state: State,
    tag: TagArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new name.")],
) -> None:
    """Give a tag another name; its uses, aliases and parents stay."""
    _change_vocabulary(state, lambda service: service.rename_tag, tag, name)


@command(changes=True, examples=("dam-cli tag merge kitty cat",))
def merge(
    state: State,
    tag: TagArgument,
    into: Annotated[
        str,
        typer.Argument(metavar="INTO", help="The tag that stays.", autocompletion=completion.tags),
    ],
) -> None:
    """Make one tag of two.

    What has TAG gets INTO; TAG becomes an alias. Where an asset has both, its value of INTO stays.
    """
    _change_vocabulary(state, lambda service: service.merge_tags, tag, into)


@command(changes=True, examples=("dam-cli tag alias cat kitty", "dam-cli tag alias --remove kitty"))
def alias(
    state: State,
    names: Annotated[
        list[str], typer.Argument(metavar="TAG ALIAS", help="With --remove only the alias.")
    ],
    *,
    is_removed: RemoveIt = False,
) -> None:
    """Let a tag be found by another name, too."""
    if is_removed:
        _change_vocabulary(state, lambda service: service.remove_alias, *_exactly(names, 1))
    else:
        _change_vocabulary(state, lambda service: service.add_alias, *_exactly(names, 2))


@command(
    changes=True,
    examples=("dam-cli tag parent cat animal", "dam-cli tag parent --remove cat animal"),
)
def parent(
    state: State,
    tag: TagArgument,
    above: Annotated[
        str,
        typer.Argument(
            metavar="PARENT", help="The more general tag.", autocompletion=completion.tags
        ),
    ],
    *,
    is_removed: RemoveIt = False,
) -> None:
    """Put a tag below a more general one.

    A search for the parent finds what has the tag. A tag that there is not yet is created.
    """
    if is_removed:
        _change_vocabulary(state, lambda service: service.remove_parent, tag, above)
    else:
        _change_vocabulary(state, lambda service: service.add_parent, tag, above)


@command(
    changes=True,
    examples=(
        "dam-cli tag describe seen --type date",
        "dam-cli tag describe cat --text 'Cats of any size'",
    ),
)
def describe(
    state: State,
    tag: TagArgument,
    *,
    text: Annotated[str | None, typer.Option(metavar="TEXT", help="What the tag means.")] = None,
    type_: Annotated[
        Literal["integer", "number", "text", "date", "none"] | None,
        typer.Option("--type", metavar="TYPE", help="integer, number, text, date or none."),
    ] = None,
) -> None:
    """Say what a tag means, or of which type its values are.

    A tag that there is not yet is created. All values that are there must be of the type;
    none is possible while no use has a value.
    """
    if text is None and type_ is None:
        raise UsageError("nothing to say of the tag", "give --text, --type or both")
    _change_vocabulary(
        state, lambda service: service.describe_tag, tag, description=text, value_type=type_
    )


@command(changes=True, examples=("dam-cli tag delete cat",))
def delete(state: State, tag: TagArgument, *, yes: Yes = False) -> None:
    """Delete a tag with its names and uses; the assets stay.

    It asks first if assets have the tag.
    """
    is_agreed = yes or state.is_dry_run
    _change_vocabulary(state, lambda service: service.delete_tag, tag, is_agreed=is_agreed)


def _change_vocabulary(
    state: State,
    verb: Callable[[Any], Callable[..., Awaitable["Change"]]],
    *names: str,
    is_agreed: bool = True,
    **more: str | None,
) -> None:
    from dataclasses import replace

    from dam.cli.toolkit.running import run_in_world

    async def work(world: "World") -> "Change":
        from dam.services import tag_service

        if not is_agreed:
            facts = await world.read(tag_service.show_tag, names[0], hidden="include")
            have = "has" if facts.assets == 1 else "have"
            question = f"Delete {facts.tag}, which {counted(facts.assets, 'asset')} {have}?"
            confirm(question, is_agreed=not facts.assets)
        do = world.rehearse if state.is_dry_run else world.run
        return await do(verb(tag_service), *names, **more)

    change = run_in_world(state, work)
    of_tags = tuple(row for row in change.rows if row.table.name != "component_entity_tag_link")
    tags, uses = len(replace(change, rows=of_tags).entity_ids), len(change.rows) - len(of_tags)
    if state.is_json:
        emit_json({"changed": tags + uses, "tags": tags, "uses": uses})
        return
    said = f"; {counted(uses, 'use')} changed" if uses else "" if tags else "; nothing else changed"
    sentence(f"{'dry run: ' if state.is_dry_run else ''}{change.what}{said}")


def _exactly(names: Sequence[str], count: int) -> Sequence[str]:
    if len(names) != count:
        expected = "a tag and its alias" if count > 1 else "the alias alone"
        raise UsageError(
            f"expected {expected}; found {counted(len(names), 'name')}",
            "write `dam-cli tag alias cat kitty`, or `dam-cli tag alias --remove kitty`",
        )
    return names


def _show_uses(uses: "Sequence[TagUse]") -> None:
    rows = [(use.tag, use.assets, use.source) for use in uses]
    nothing = "no such tags; `dam-cli tag add NAME --to ID` gives tags to assets"
    table(rows, ("tag", "assets", "source"), nothing)


def _show_facts(facts: "TagFacts") -> None:
    rows = [
        ("tag", facts.tag),
        ("entity_id", facts.entity_id),
        ("description", facts.description),
        ("value_type", facts.value_type),
        *(("alias", name) for name in facts.aliases),
        *(("parent", name) for name in facts.parents),
        *(("child", name) for name in facts.children),
        ("assets", facts.assets),
        ("assets_below", facts.assets_below),
    ]
    table([row for row in rows if row[1] is not None], ("fact", "value"))


TAG = Group(
    name="tag",
    doc=_DOC,
    commands=[add, remove, list_tags, show_tag, rename, merge, alias, parent, describe, delete],
    examples=(
        "dam-cli tag add cat --to 12 13",
        "dam-cli tag list",
        "dam-cli tag parent cat animal",
    ),
)
