"""A part of a file is read like a file of its own."""

import io

from hypothesis import given
from hypothesis import strategies as st

from dam.media.structure.part import part_of

CONTENT = bytes(range(256)) * 200


@given(
    st.integers(0, 60_000),
    st.integers(0, 60_000),
    st.lists(st.tuples(st.integers(0, 60_000), st.integers(-1, 20_000))),
)
def test_a_part_is_read_like_its_bytes_in_memory(
    start: int, size: int, steps: list[tuple[int, int]]
) -> None:
    part = part_of(io.BytesIO(CONTENT), start, size)
    same = io.BytesIO(CONTENT[start : start + size])
    for at, count in steps:
        assert part.seek(at) == same.seek(at)
        assert part.read(count) == same.read(count)
        assert part.tell() == same.tell()


def test_parts_of_one_file_are_read_by_turns() -> None:
    file = io.BytesIO(CONTENT)
    one, two = part_of(file, 0, 20_000), part_of(file, 20_000, 20_000)
    found = [(one.read(5000), two.read(5000)) for _ in range(4)]
    assert b"".join(first for first, _ in found) == CONTENT[:20_000]
    assert b"".join(second for _, second in found) == CONTENT[20_000:40_000]


def test_a_part_behind_the_end_is_empty() -> None:
    assert part_of(io.BytesIO(CONTENT), len(CONTENT) + 5, 10).read() == b""
