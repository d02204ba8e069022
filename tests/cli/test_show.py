"""What `show` tells people of an asset: at most ten lines, of whatever kind it is."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from dam.cli.show import _rows
from dam.cli.toolkit.cells import cell
from dam.cli.toolkit.tables import TerminalTable
from dam.services.summary_service import (
    CameraSummary,
    ComicPlace,
    EntitySummary,
    SongSummary,
    StreamsSummary,
)

NOW = datetime(2026, 1, 30, 12, tzinfo=UTC)
CAMERA = CameraSummary(
    make="Canon",
    model="Canon EOS 5D Mark IV",
    lens="EF24-105mm f/4L IS USM",
    exposure_time_s=0.004,
    f_number=4,
    iso=100,
    focal_length_mm=50,
)
PHONE = replace(
    CAMERA,
    model="EOS R5",
    lens=None,
    exposure_time_s=None,
    f_number=None,
    iso=None,
    focal_length_mm=None,
)
STREAMS = StreamsSummary(
    container="mp4",
    bit_rate=1_635_000,
    video_codec="h264",
    frame_rate=29.97,
    audio_codec="aac",
    sample_rate_hz=48_000,
    channels=2,
)
ASSET: dict[str, Any] = {
    "name": "IMG_4321.CR2",
    "media_type": "image/x-canon-cr2",
    "size_bytes": 25_000_000,
    "title": "The lake",
    "description": "Two boats in the morning",
    "author": "Ann Miller",
    "tags": ("boat", "lake", "rating=4"),
    "kept": ("store", "reference"),
    "paths": ("/home/ann/photos/2024/05/IMG_4321.CR2", "/mnt/card/IMG_4321.CR2"),
    "sidecar": (12, "IMG_4321.xmp"),
}
PHOTO: dict[str, Any] = ASSET | {
    "width": 6720,
    "height": 4480,
    "camera": CAMERA,
    "taken_at": datetime(2024, 5, 17, 12, 30, 5, tzinfo=UTC),
    "latitude": 48.8584,
    "longitude": 2.2945,
    "altitude_m": 35.0,
}
KINDS: dict[str, dict[str, Any]] = {
    "photograph": PHOTO,
    "video": PHOTO | {"streams": STREAMS, "duration_s": 95.0, "camera": PHONE},
    "song": ASSET
    | {
        "streams": STREAMS,
        "duration_s": 217.0,
        "song": SongSummary(artist="Larks", album="Dawn", track=3, year=1999),
    },
    "document": ASSET | {"page_count": 12, "is_encrypted": True},
    "page of comics": ASSET
    | {
        "width": 1000,
        "height": 1500,
        "paths": (),
        "kept": ("archive",),
        "members": (("/home/ann/comics/Lake 001.cbz", "01.jpg"),),
        "comics": tuple(
            ComicPlace(name="Lake #1", variant_entity_id=n, page_number=1) for n in range(5)
        ),
        "trashed_at": NOW,
    },
}


def lines_of(facts: Mapping[str, Any]) -> list[str]:
    """Return the lines at a terminal of 80 columns, without the header."""
    summary = EntitySummary(entity_id=123456, added_at=NOW, **facts)
    cells = [("123456", name, cell(value)) for name, value in _rows(summary)]
    return list(TerminalTable(("id", "fact", "value"), 80).lines(cells))[1:]


@pytest.mark.parametrize("kind", KINDS)
def test_ten_lines_tell_all_of_an_asset_at_80_columns(kind: str) -> None:
    lines = lines_of(KINDS[kind])
    assert len(lines) <= 10
    assert max(map(len, lines)) <= 80
    assert not any("--raw" in line for line in lines)


def test_what_ten_lines_cannot_tell_is_named() -> None:
    every = KINDS["video"] | KINDS["song"] | KINDS["photograph"] | KINDS["page of comics"]
    rows = _rows(EntitySummary(entity_id=1, added_at=NOW, failures=(("x", "y"),), **every))
    assert len(rows) == 10
    assert rows[-1] == ("more", "kept, path, comic, sidecar; --raw shows all")
    assert ("failed", "x: y") in rows


def test_a_photograph_is_told_so() -> None:
    assert {
        name: cell(value)
        for name, value in _rows(EntitySummary(entity_id=1, added_at=NOW, **PHOTO))
    } == {
        "name": "IMG_4321.CR2",
        "type": "image/x-canon-cr2, 6720x4480, 25.0 MB",
        "title": "The lake, by Ann Miller: Two boats in the morning",
        "camera": "Canon EOS 5D Mark IV, EF24-105mm f/4L IS USM, 1/250 s, f/4, ISO 100, 50 mm",
        "taken": "2024-05-17T12:30:05Z, 48.858400, 2.294500, 35 m",
        "tags": "boat, lake, rating=4",
        "kept": "in the store and where it is since 2026-01-30T12:00:00Z",
        "path": "/home/ann/photos/2024/05/IMG_4321.CR2 (and 1 more)",
        "sidecar": "12 IMG_4321.xmp",
    }
