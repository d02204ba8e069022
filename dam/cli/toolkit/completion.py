"""What a shell offers at the press of TAB: names and ids. Nothing is ever printed or changed.

Each of these functions is the `autocompletion=` of an argument or option.
"""

import io
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any, TypeAlias

import typer

if TYPE_CHECKING:
    from dam.services.completion_service import EntityKind

Offers: TypeAlias = Iterable[tuple[str, str]]
"""Words for the command line, each with an explanation, which some shells show."""

Completion: TypeAlias = Callable[[typer.Context, str], list[tuple[str, str]]]

_HARMLESS = str.maketrans({"\\": "_", "$": "_", "`": "_", '"': "_", "'": "_", "[": "(", "]": ")"})


def completion(find: Callable[[typer.Context, str], Offers]) -> Completion:
    """Make a function the completion of an argument: it finds nothing where it would raise."""

    def complete(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
        import logging

        logging.disable()  # the process ends after its completion
        try:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                found = [*find(ctx, incomplete)]
        except (Exception, SystemExit):  # noqa: BLE001 - told when the command itself runs
            return []
        return [(word, _harmless(text)) for word, text in found]

    return complete


@completion
def worlds(_: typer.Context, __: str) -> Offers:
    """Offer the names of worlds."""
    from dam.services.completion_service import find_worlds

    return find_worlds()


@completion
def stages(_: typer.Context, __: str) -> Offers:
    """Offer the stages of `process`."""
    from dam.services.process_service import STAGES

    return [(name, "") for name in STAGES]


@completion
def markers(ctx: typer.Context, _: str) -> Offers:
    """Offer the markers of systems, also those of plugins."""
    return [(marker, f"for {system}") for system, marker in _systems(ctx).items()]


@completion
def systems(ctx: typer.Context, _: str) -> Offers:
    """Offer the systems that process marked entities, also those of plugins."""
    return [(system, f"processes {marker}") for system, marker in _systems(ctx).items()]


@completion
def errors(ctx: typer.Context, _: str) -> Offers:
    """Offer the names of errors that there are open failures with."""
    from dam.services.completion_service import find_errors

    return find_errors(_option(ctx, "world"))


@completion
def comic_fields(_: typer.Context, __: str) -> Offers:
    """Offer the fields of `comic edit`, each with the `=` that comes next."""
    from dam.services.comic_edit_service import list_fields

    return [(f"{field}=", f"of {owner}") for field, owner in list_fields().items()]


@completion
def tags(ctx: typer.Context, incomplete: str) -> Offers:
    """Offer the names of tags and their aliases."""
    from dam.services.completion_service import find_tags

    return find_tags(_option(ctx, "world"), incomplete)


@completion
def query(ctx: typer.Context, incomplete: str) -> Offers:
    """Offer what the last word of a query may become: fields, values, tags, saved queries."""
    from dam.services.completion_service import find_query_words

    return find_query_words(_option(ctx, "world"), incomplete)


def ids(*kinds: "EntityKind") -> Completion:
    """Return a completion that offers the newest ids of entities of these kinds."""

    @completion
    def find(ctx: typer.Context, incomplete: str) -> Offers:
        from dam.services.completion_service import find_entities

        return find_entities(_option(ctx, "world"), kinds, incomplete)

    return find


def _harmless(text: str) -> str:
    """Return an explanation that zsh may evaluate: it may be the name of any file."""
    printable = "".join(letter if letter.isprintable() else "?" for letter in text)
    return printable.translate(_HARMLESS)


def _systems(ctx: typer.Context) -> dict[str, str]:
    from dam.app import list_systems, world_config

    with_plugins = not _option(ctx, "without_plugins")
    return list_systems(world_config(_option(ctx, "world")), plugins=with_plugins)


def _option(ctx: typer.Context, name: str) -> str | None:
    """Return the value that was given to an option, at the last of its places."""
    place: Any = ctx  # Typer keeps the type of `parent` to itself
    while place is not None:
        if given := place.params.get(name):
            return str(given)
        place = place.parent
    return None
