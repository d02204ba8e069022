"""Tags of songs: what is kept of many, and what is no value."""

import pytest

from dam.media.streams.tags import cleaned_tags, song_tags


@pytest.mark.parametrize("others", [{f"x{n}": "x" * 10_000 for n in range(10)}, None])
def test_title_and_artist_are_kept_of_too_many_tags(others: dict[str, str] | None) -> None:
    others = others or {f"x{n}": "x" for n in range(1000)}
    tags = cleaned_tags(others, {"TITLE": "Late", "artist": "Björk", "title": "Other"})
    assert (tags["title"], song_tags(tags).artist) == ("Late", "Björk")
    assert sum(map(len, tags.values())) <= 100_000
    assert len(tags) <= 500


@pytest.mark.parametrize(
    ("text", "expected"), [("3/10", 3), ("07", 7), ("0/0", None), ("0", None), ("A1", None)]
)
def test_a_track_has_a_number_above_0(text: str, expected: int | None) -> None:
    assert song_tags({"track": text}).track == expected
