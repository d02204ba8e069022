"""`ByteSource` reads what is asked for, and little more."""

import io
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dam.media.structure.source import ByteSource

CONTENT = bytes(range(256)) * 400


class CountedFile(io.BytesIO):
    """A file that counts the bytes that are read of it."""

    read_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self.read_bytes += len(found)
        return found


@given(st.lists(st.tuples(st.integers(-5, 110_000), st.integers(-1, 70_000)), max_size=20))
def test_each_read_gives_the_bytes_of_the_file(places: list[tuple[int, int]]) -> None:
    source = ByteSource(io.BytesIO(CONTENT), 1 << 30)
    for at, size in places:
        assert source.read(at, size) == (CONTENT[at : at + size] if at >= 0 and size > 0 else b"")


@given(st.lists(st.tuples(st.integers(0, 110_000), st.integers(1, 70_000)), max_size=20))
def test_no_more_is_read_or_returned_than_the_limit(places: list[tuple[int, int]]) -> None:
    file = CountedFile(CONTENT)
    source = ByteSource(file, 50_000)
    assert sum(len(source.read(at, size)) for at, size in places) <= 50_000
    assert file.read_bytes <= 50_000


def test_a_reader_that_skips_reads_little_of_a_large_file() -> None:
    file = CountedFile(CONTENT * 20)
    source = ByteSource(file, 1 << 30)
    for at in range(0, 20 * len(CONTENT), 256):
        source.read(at, 1)
    assert file.read_bytes < (300 << 10) + 20 * len(CONTENT) // 256


def test_a_reader_that_reads_on_asks_the_file_a_few_times() -> None:
    calls = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            calls.append(size)
            return super().read(size)

    source = ByteSource(Watched(CONTENT), 1 << 30)
    assert b"".join(source.read(at, 2) for at in range(0, len(CONTENT), 2)) == CONTENT
    assert len(calls) < 15


def test_an_open_file_is_read_past_its_buffer_and_keeps_its_position(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    with path.open("rb") as file:
        source = ByteSource(file, 1 << 30)
        file.seek(7)
        assert source.read(70_001, 3) == CONTENT[70_001:70_004]
        assert file.read(3) == CONTENT[7:10]
        assert source.part(1000, 50).read(49, 9) == CONTENT[1049:1050]
