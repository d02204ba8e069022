"""The public comics go in: every page in its place, every field as the archive says it."""

import json
from pathlib import Path
from typing import Any

import pytest

from dam.services.comic_edit_service import VariantView, view_comic
from dam.services.page_service import list_pages
from dam.sync import SyncWorld
from tests.command_line import DamCli
from tests.media.comic_facts import mapped, page_names

pytestmark = [pytest.mark.slow, pytest.mark.corpus]

SUFFIXES = {".cbz", ".cbr", ".cb7", ".cbt"}


def expected(corpus: Path) -> dict[str, dict[str, Any]]:
    """Return what is known of each comic archive, by its path."""
    found = {}
    for listing in sorted((corpus / "comics").glob("*/listing.json")):
        for name, facts in json.loads(listing.read_text()).items():
            if Path(name).suffix in SUFFIXES and (listing.parent / name).is_file():
                found[str(listing.parent / name)] = facts
    return found


def test_every_comic_arrives_with_its_pages_and_fields_or_is_a_named_failure(
    dam_cli: DamCli, corpus: Path
) -> None:
    wanted = expected(corpus)
    assert len(wanted) > 15
    outcomes = {one["path"]: one for one in dam_cli("comic", "import", *wanted, "--json").json}
    assert outcomes.keys() == wanted.keys()
    with SyncWorld() as world:
        check(world, wanted, outcomes)
        concepts = check_facts(world, wanted, outcomes)
    assert concepts > 0


def check(
    world: SyncWorld, wanted: dict[str, dict[str, Any]], outcomes: dict[str, dict[str, Any]]
) -> None:
    for path, facts in wanted.items():
        outcome, names = outcomes[path], [Path(n).name for n in page_names(facts)]
        info = facts.get("comicinfo", {})
        if not names and not info:
            assert outcome["status"] == "failed"
            assert outcome["error"].endswith("Error")
            assert outcome["message"]
            continue
        assert (outcome["status"], outcome["failed_pages"]) == ("added", []), path
        assert outcome["pages"] == len(names), path
        variant = outcome["variant_entity_id"]
        assert [page.name for page in world.read(list_pages, variant)] == names, path
        view = world.read(view_comic, variant)
        assert isinstance(view, VariantView)
        assert {name: view.comic_info.get(name) for name in info} == info, path


def check_facts(
    world: SyncWorld, wanted: dict[str, dict[str, Any]], outcomes: dict[str, dict[str, Any]]
) -> int:
    """Check the rows that the fields became; return of how many concepts.

    A concept says what the first one of its variants said.
    """
    created = 0
    for path, facts in wanted.items():
        fields, outcome = facts.get("comicinfo"), outcomes[path]
        if not fields:
            continue
        view = world.read(view_comic, outcome["variant_entity_id"])
        assert isinstance(view, VariantView)
        assert view.concept is not None
        said = mapped(fields)
        assert view.variant.facts.get("language") == said.pop("language"), path
        if outcome["concept_created"]:
            created += 1
            concept = view.concept.facts
            assert {name: concept.get(name) for name in said} == said, path
            writers = (fields["Writer"],) if "Writer" in fields else ()
            assert view.concept.terms.get("Writer", ()) == writers, path
    return created
