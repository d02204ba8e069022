"""The public comics go in: every page in its place, every field as the archive says it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import DamCli

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
    for path, facts in wanted.items():
        outcome, names = outcomes[path], [Path(n).name for n in facts["image_entries_natural"]]
        info = facts.get("comicinfo", {})
        if not names and not info:
            assert outcome["status"] == "failed"
            assert outcome["error"].endswith("Error")
            assert outcome["message"]
            continue
        assert (outcome["status"], outcome["failed_pages"]) == ("added", []), path
        assert outcome["pages"] == len(names), path
        variant = str(outcome["variant_entity_id"])
        pages = dam_cli("comic", "pages", variant, "--json").json
        assert [page["name"] for page in pages] == names, path
        shown = dam_cli("comic", "show", variant, "--json").json["comic_info"]
        assert {name: shown.get(name) for name in info} == info, path
