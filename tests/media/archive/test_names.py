"""The names of members: their encodings."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dam.errors import display_path
from dam.media.archive.names import decoded, true_name


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ([b"a.jpg", "ü.jpg".encode()], ["a.jpg", "ü.jpg"]),
        (["Fähre.jpg".encode("cp437"), b"b.jpg"], ["Fähre.jpg", "b.jpg"]),
        (["第1話/日本語.jpg".encode("cp932")], ["第1話/日本語.jpg"]),
        (["ﾏﾝｶﾞ.jpg".encode("cp932"), "表紙.jpg".encode("cp932")], ["ﾏﾝｶﾞ.jpg", "表紙.jpg"]),
    ],
)
def test_an_encoding_that_nobody_wrote_down_is_guessed(raw: list[bytes], text: list[str]) -> None:
    assert decoded(raw) == text


@given(st.lists(st.binary(max_size=30), max_size=6))
@example([b"\xed\xa0\x80.jpg", b"\x00\xff"])
def test_any_bytes_are_a_name(raw_names: list[bytes]) -> None:
    names = decoded(raw_names)
    assert len(names) == len(raw_names)
    "".join(names).encode()  # no surrogates


@pytest.mark.parametrize(
    ("raw", "read", "true"),
    [
        (b"a/1.jpg", "a/1.jpg", "a/1.jpg"),
        (b"a\\1.jpg", "a\\1.jpg", "a\\1.jpg"),
        ("\u202e\n".encode(), "\u202e\n", "\u202e\n"),
        (b"\xff\n", "\\xff\n", "\udcff\n"),
        (b"\x81\x81", "\u00fc\u00fc", "\u00fc\u00fc"),
        ("\u8868\u7d19".encode("cp932"), "\u8868\u7d19", "\u8868\u7d19"),
        (b"\xff", "something else", "something else"),
    ],
)
def test_a_name_is_known_again_by_what_people_are_shown(raw: bytes, read: str, true: str) -> None:
    assert true_name(raw, read) == true
    if true != "something else":
        assert true_name(raw, display_path(read)) == true
