"""Of a large video only the index and the frames of the poster are read."""

import io
import struct
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from dam.media.limits import MediaLimits
from dam.media.streams.kinds import VIDEO
from dam.media.streams.values import StreamFacts
from tests.media.streams.files import clip

GIGABYTE = 1_000_000_000
SECONDS = 40.0
RATE = 25
MOST = 700_000


class Counted:
    """An open file that counts the bytes that are read from it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.bytes_read = file, 0

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self.bytes_read += len(content)
        return content

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def large_video(path: Path) -> None:
    """Write a QuickTime movie of a gigabyte: between its pieces there are holes."""
    short = io.BytesIO()
    clip(short, "mov", frame_rate=RATE, seconds=SECONDS)
    content = short.getvalue()
    movie_at = content.index(b"moov") - 4
    media_at, table_at = content.index(b"mdat") - 4, content.index(b"stco") + 8
    (count,) = struct.unpack_from(">L", content, table_at)
    places = struct.unpack_from(f">{count}L", content, table_at + 4)
    step = GIGABYTE // count
    moved = [media_at + 8 + number * step for number in range(count)]
    size = 8 + count * step
    table = struct.pack(f">{count}L", *moved)
    movie = content[movie_at : table_at + 4] + table + content[table_at + 4 + 4 * count :]
    with path.open("wb") as file:
        file.write(content[:media_at] + struct.pack(">L4s", size, b"mdat"))
        for new, old, end in zip(moved, places, [*places[1:], movie_at], strict=True):
            file.seek(new)
            file.write(content[old:end])
        file.seek(media_at + size)
        file.write(movie)


def read_of(path: Path, media_type: str) -> tuple[StreamFacts, int, int]:
    """Return the facts about a video, and the bytes read for them and for its poster."""
    with path.open("rb", buffering=0) as file:
        counted = Counted(cast("BinaryIO", file))
        facts: StreamFacts = VIDEO.describe(cast("BinaryIO", counted), media_type, MediaLimits())
        described = counted.bytes_read
        assert VIDEO.picture is not None
        VIDEO.picture(cast("BinaryIO", counted), media_type, MediaLimits())
    return facts, described, counted.bytes_read - described


@pytest.mark.slow
def test_of_a_gigabyte_a_few_hundred_kilobytes_are_read(tmp_path: Path) -> None:
    path = tmp_path / "large.mov"
    large_video(path)
    assert path.stat().st_size > GIGABYTE
    facts, described, pictured = read_of(path, "video/quicktime")
    assert facts.duration_s == pytest.approx(SECONDS, abs=0.1)
    assert (described < MOST, pictured < MOST) == (True, True), (described, pictured)
