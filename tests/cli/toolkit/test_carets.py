"""A caret stands below the character at which a text is wrong."""

import pytest

from dam.cli.toolkit.carets import pointed


@pytest.mark.parametrize(
    ("text", "position", "lines"),
    [
        ("a or", 4, ("a or", "    ^")),
        ("漢字 (", 3, ("漢字 (", "     ^")),
        ("e\u0301\t\0", 3, ("e\u0301 \ufffd", "  ^")),
        ("\U0001f469\u200d\U0001f467 a:1", 4, ("\U0001f469\u200d\U0001f467 a:1", "   ^")),
        ("a " * 50 + "()", 101, ("… " + "a " * 19 + "()", " " * 41 + "^")),
        ("(" + "a " * 50, 0, ("(" + "a " * 14 + "a…", "^")),
    ],
)
def test_the_caret_is_where_the_character_is(
    text: str, position: int, lines: tuple[str, str]
) -> None:
    assert pointed(text, position) == lines
