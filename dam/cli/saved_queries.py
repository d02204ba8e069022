"""Saves queries, lists them and forgets them, for `dam-cli search`."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dam.cli.toolkit.command import State
from dam.cli.toolkit.output import emit_json, sentence, show, table
from dam.errors import ExitCode

if TYPE_CHECKING:
    from dam.app import World
    from dam.services.search_service import SavedQueryFacts


def save_query(state: State, name: str, text: str) -> ExitCode:
    """Save a query under a name, and say which one it replaces."""
    from dam.cli.toolkit.running import run_in_world
    from dam.services import search_service

    do = "rehearse" if state.is_dry_run else "run"
    saving = run_in_world(
        state, lambda world: getattr(world, do)(search_service.save_query, name, text)
    )
    saved, replaced = saving.saved, saving.replaced
    if state.is_json or state.is_jsonl:
        emit_json({"saved": saved.name, "query": saved.query})
        return ExitCode.OK
    before = f", in the place of: {replaced.query}" if replaced else ""
    verb = "would save" if state.is_dry_run else "saved"
    sentence(f"{verb} {_named(saved.name)}{before}")
    return ExitCode.OK


def forget_saved(state: State, name: str) -> ExitCode:
    """Forget a saved query, and show it for the last time."""
    from dam.cli.toolkit.running import run_in_world
    from dam.services.search_service import forget_saved_query

    do = "rehearse" if state.is_dry_run else "run"
    gone = run_in_world(state, lambda world: getattr(world, do)(forget_saved_query, name))
    if state.is_json or state.is_jsonl:
        emit_json({"forgotten": gone.name, "query": gone.query})
        return ExitCode.OK
    verb = "would forget" if state.is_dry_run else "forgot"
    sentence(f"{verb} {_named(gone.name)}: {gone.query}")
    return ExitCode.OK


def list_saved(state: State) -> ExitCode:
    """List all saved queries."""
    from dam.cli.toolkit.running import run_in_world
    from dam.services.search_service import list_saved_queries

    def people(saved: "Sequence[SavedQueryFacts]") -> None:
        nothing = "no saved queries; `dam-cli search QUERY --save NAME` saves one"
        table([(_named(one.name), one.query) for one in saved], ("name", "query"), nothing)

    async def work(world: "World") -> "list[SavedQueryFacts]":
        return await world.read(list_saved_queries)

    show(state, run_in_world(state, work, only_reads=True), people)
    return ExitCode.OK


def _named(name: str) -> str:
    """Return the name of a saved query as other queries write it: `@cats`, `@"red cats"`."""
    if re.fullmatch(r'[^\s()"\\]+', name):
        return f"@{name}"
    return '@"{}"'.format(re.sub(r'(["\\])', r"\\\1", name))
