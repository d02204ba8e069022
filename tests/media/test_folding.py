import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.media.folding import MAX_WORD_LENGTH, MAX_WORDS, fold, wanted_words, words_of
from dam.media.tag_name import tag_key

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Trésor", "tresor"),
        (unicodedata.normalize("NFD", "Trésor"), "tresor"),
        ("İstanbul", "istanbul"),
        ("ISPARTA \u0131sparta", "isparta isparta"),
        ("Straße STRASSE", "strasse strasse"),
        ("\uff34\uff4f\uff4d\uff45\u3000\uff12", "tome 2"),
        ("ΟΔΥΣΣΕΥΣ Ὀδυσσεύς", "οδυσσευσ οδυσσευσ"),
        ("Йод Ёлка", "иод елка"),
        ("Łódź Smørrebrød Œuvre", "lodz smorrebrod oeuvre"),
        ("ガギ", "ガギ"),
        ("ｶﾞ", "ガ"),
        ("한국어", "한국어"),
        (unicodedata.normalize("NFD", "한국어"), "한국어"),
        ("ﬁn", "fin"),
        ("so\u00adft\u200bly", "softly"),
        ("a\0b\nc", "a b c"),
        ("x\udcff", "x\ufffd"),
        ("é\udcff\x85", "e\ufffd "),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("IMG_2024_holiday.jpg", ["img", "2024", "holiday", "jpg"]),
        ("Le Trésor — Tome 2", ["le", "tresor", "tome", "2"]),
        ("東京都", ["東京", "京都", "都"]),
        ("x東京y", ["x", "東京", "京", "y"]),
        ("한국어 만화", ["한국어", "만화"]),
        ("हिन्दी किताब", ["हिन्दी", "किताब"]),
        ("น้ำ", [unicodedata.normalize("NFKC", "น้ำ")[i : i + 2] for i in range(4)]),
        ("a 🐈‍⬛ b", ["a", "b"]),
        ("don't", ["don", "t"]),
        ("a\0b\udcffc", ["a", "b", "c"]),
        ("", []),
        ("'\"*():^|%_-", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_words_have_limits() -> None:
    assert len(words_of("a " * 20_000)) == MAX_WORDS
    assert len(words_of("é " * 20_000)) == MAX_WORDS
    assert words_of("a" * 5000) == ["a" * MAX_WORD_LENGTH]
    assert words_of("東" * 500) == ["東東"] * 499 + ["東"]


@given(ANY_TEXT)
def test_any_text_is_folded_once_and_for_all(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    folded.encode()
    assert "\0" not in folded


@given(ANY_TEXT)
def test_the_form_of_unicode_makes_no_difference(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


@given(ANY_TEXT)
def test_words_can_be_stored_between_spaces(text: str) -> None:
    for word in words_of(text):
        assert word
        assert not set(word) & set(" |\0'\"*()\ufffd")
        assert word.isascii() <= word.isalnum()


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_a_text_is_found_among_other_texts(before: str, text: str, after: str) -> None:
    found = f" {' '.join(words_of(f'{before} {text} {after}'))} "
    wanted = wanted_words(text)
    if wanted.words:
        assert wanted.run in found
        assert wanted_words(text, is_phrase=True).run in found


@pytest.mark.parametrize(
    ("query", "text", "is_found"),
    [
        ("hol", "holiday.jpg", True),
        ("holiday.jp", "my_holiday.jpg", True),
        ("oliday", "holiday", False),
        ("京", "東京都", True),
        ("都", "東京都", True),
        ("京都", "東京都", True),
        ("東都", "東京都", False),
        ("東京都", "東京 京都", False),
        ("ガ", "カ", False),
    ],
)
def test_beginnings_of_words_are_found(query: str, text: str, *, is_found: bool) -> None:
    assert (wanted_words(query).run in f" {' '.join(words_of(text))} ") is is_found


@pytest.mark.parametrize(
    ("query", "text", "is_found"),
    [
        ("red cat", "the Red_Cat.png", True),
        ("red ca", "the Red_Cat.png", False),
        ("red 東", "red 東京", True),
        ("東京 red", "東京 red", True),
        ("東 red", "東京 red", False),
    ],
)
def test_a_phrase_has_whole_words(query: str, text: str, *, is_found: bool) -> None:
    wanted = wanted_words(query, is_phrase=True)
    assert (wanted.run in f" {' '.join(words_of(text))} ") is is_found


@pytest.mark.timeout(60)
def test_very_many_marks_are_folded_in_linear_time() -> None:
    marks = "a" + "\u0301\u0316" * 100_000
    assert fold(marks) == "a"
    assert fold("\u05d0" + "\u05b0\u0591" * 100_000)
    assert tag_key("x" + "\u0334\u0301" * 100_000)
