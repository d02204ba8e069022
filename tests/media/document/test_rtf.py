"""RTF: its facts and words, and that none of it costs much."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.media.document.facts import TEXT_CHARACTERS, DocumentFacts
from tests.media.document.test_kind import described

RTF = "text/rtf"


def test_an_rtf_says_this_of_itself() -> None:
    content = (
        rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Times;}}{\colortbl;\red0;}"
        rb"{\info{\title Gr\'fc\'dfe}{\author Ann}{\doccomm about us}{\keywords sea, sun}"
        rb"{\creatim\yr2024\mo5\dy17\hr10\min11}\nofpages3}"
        rb"{\*\generator Riched20;}{\header unshown}"
        rb"\pard\f0 Dear {\b Ann},\par how\tab are \u8364?5\'84 \{you\}\emdash\par}after"
    )
    assert described(content, RTF) == DocumentFacts(
        title="Gr\u00fc\u00dfe",
        author="Ann",
        description="about us",
        keywords=("sea", "sun"),
        page_count=3,
        created_at="2024-05-17T10:11:00",
        text="Dear Ann,\nhow are \u20ac5\u201e {you}\u2014",
    )


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (rb"{\rtf1\uc2 \u955 abc}", "\u03bbc"),
        (rb"{\rtf1\ansicpg932 \'82\'a0}", "\u3042"),
        (rb"{\rtf1\ansicpg932 \'83e\'83X\'83g}", "\u30c6\u30b9\u30c8"),
        (
            rb"{\rtf1\ansicpg932 \'83\\\'83\{" + b"\r\n" + rb"\'83" + b"\r\n" + rb"e}",
            "\u30bd\u30dc\u30c6",
        ),
        (rb"{\rtf1\ansicpg932\u12486\'83e\'83X}", "\u30c6e\u30b9"),
        (rb"{\rtf1 a{\pict\bin9 }}}\par{}} b}", "a b"),
        (rb"{\rtf1 a\bin b\bin-3 c\bin99 d}", "abc"),
        (rb"{\rtf1\u-10179?\u-8704?!}", "\U0001f600!"),
        (rb"{\rtf1\ansicpg99999 \'e9}", "\u00e9"),
        (rb"{\rtf1 {\pict 0102}{\*\x {deep}} shown", "shown"),
        (b"{\\rtf1 " + b"{" * 5_000 + b"deep", None),
        (b"", None),
    ],
)
def test_commands_are_followed(content: bytes, text: str | None) -> None:
    assert described(content, RTF).text == text


def test_the_words_of_a_long_rtf_are_cut() -> None:
    found = described(rb"{\rtf1 " + rb"word\par " * 100_000 + b"}", RTF).text
    assert TEXT_CHARACTERS * 0.7 < len(found or "") <= TEXT_CHARACTERS


@given(st.binary(max_size=300), st.sampled_from([rb"{\rtf1\ansi ", rb"{\rtf1{\info{\creatim"]))
def test_random_bytes_are_described(noise: bytes, start: bytes) -> None:
    described(start + noise, RTF)
