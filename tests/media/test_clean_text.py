"""Bytes of texts whose encoding is not certain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.media.clean_text import decoded_text


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("東京タワー".encode()[:-1], "東京タワ\ufffd"),
        ("Zürich".encode() + b"\xff" + "Café".encode(), "Zürich\ufffdCafé"),
        ("Crème brûlée".encode("cp1252"), "Crème brûlée"),
        ("Café".encode("cp1252"), "Café"),
        ("ÖÄÃ©öü".encode("cp1252"), "ÖÄÃ©öü"),
        ("caf\ufffd".encode() + b"\xff", "caf\ufffd\ufffd"),
        (b"\x81", "\ufffd"),
    ],
)
def test_a_text_is_utf_8_if_most_of_it_is(raw: bytes, expected: str) -> None:
    assert decoded_text(raw, "cp1252") == expected


@given(st.text(st.characters(min_codepoint=0xA0, exclude_categories=["Cs"]), min_size=2))
def test_a_cut_end_leaves_the_letters_before_it(text: str) -> None:
    assert decoded_text(text.encode()[:-1]) == f"{text[:-1]}\ufffd"
