"""The bar of the issue: at least 99 % of the tags are those that exiftool reads."""

from pathlib import Path

import pytest

from tests.benchmarks.truth.camera import FIELDS, table

pytestmark = [pytest.mark.corpus, pytest.mark.slow]

_NO_PLACES = ("latitude", "longitude", "altitude_m")


def test_nearly_all_tags_are_those_that_exiftool_reads(corpus: Path) -> None:
    assert corpus.is_dir()
    rows = {row.what: row for row in table()}
    total = rows["all tags that we name"]
    assert total.least == 0.99
    assert total.is_met, total.wrong
    assert total.total > 5_000
    for group in ("IFD0", "ExifIFD", "GPS", "IPTC", "XMP"):
        assert rows[f"tags of {group}"].share >= 0.99, rows[f"tags of {group}"].wrong
    for field in FIELDS.keys() - {*_NO_PLACES, "description"}:
        assert rows[field].share == 1, rows[field].wrong
    # Two files state 0, 0 and a latitude of 213 degrees, which are no places.
    assert all(rows[field].total - rows[field].equal <= 2 for field in _NO_PLACES)
