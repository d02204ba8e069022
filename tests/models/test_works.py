"""The abstract bases carry any kind of work, not comics alone."""

import json
import subprocess
import sys

import pytest

from tests.conftest import PROJECT


@pytest.mark.slow
def test_albums_have_variants_and_pages_by_the_same_rules(database_url: str) -> None:
    command = [sys.executable, "-m", "tests.models.albums", database_url]
    done = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
    seen = json.loads(done.stdout)
    concept, record, disc, front, back = seen.pop("ids")
    assert seen == {
        "pages": [[front, back], [front, front, back]],
        "comics": [],
        "variants": [[record, "LP", concept, True], [disc, "CD", concept, False]],
        "is_second_primary_refused": True,
        "refused": {str(concept): [record, disc], str(front): [record, disc]},
        "forced": [concept, front],
        "variants_left": [[record, "LP", None, False], [disc, "CD", None, False]],
        "pages_left": [back],
    }
