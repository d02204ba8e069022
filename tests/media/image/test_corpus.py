import csv
import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest

from dam.media.file_type.recognition import file_type
from dam.media.image.decoders import PICTURE_TYPES
from dam.media.image.entry import analyse_image
from dam.media.likeness import DEFAULT_THRESHOLDS
from tests.conftest import PROJECT
from tests.media.drawing import bits_apart

# The peak is the process's own, so it has a process of its own.
_READ_ALL = """
import resource, sys
from pathlib import Path
from dam.errors import ItemError
from dam.media.image.entry import analyse_image, describe_image
read = refused = 0
for path in sorted(Path(sys.argv[1]).rglob("*")):
    if path.is_file():
        for function in (describe_image, analyse_image):
            try:
                function(path)
                read += 1
            except ItemError as error:
                assert "\\n" not in error.message, (path, error.message)
                refused += 1
print(read, refused, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.parametrize("folder", ["malformed", "formats", "exif"])
def test_every_file_gives_a_value_or_an_item_error(corpus: Path, folder: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _READ_ALL, corpus / folder],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
        timeout=300,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )

    read, refused, peak_mib = map(int, done.stdout.split())
    assert read > 0
    assert refused > 0
    assert peak_mib < 900
    assert "Traceback" not in done.stderr


@pytest.mark.corpus
@pytest.mark.slow
def test_the_default_threshold_parts_copies_from_strangers(corpus: Path) -> None:
    folder = corpus / "near_duplicates"
    with (folder / "groups.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["truth"] in ("positive", "negative")]
    analyses = {
        row["file"]: analyse_image(folder / row["file"])
        for row in rows
        if file_type(folder / row["file"]) in PICTURE_TYPES
    }
    group = {row["file"]: row["group"] for row in rows}
    usable = {name: found.hashes for name, found in analyses.items() if found.has_structure}

    wrong = [
        (first, second)
        for first, second in combinations(usable, 2)
        if (bits_apart(usable[first].phash, usable[second].phash) <= DEFAULT_THRESHOLDS["phash"])
        != (group[first] == group[second])
    ]

    assert wrong == []
    assert all("uniform" not in group[name] for name in usable)
