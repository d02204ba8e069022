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
