"""The names of members: their encodings."""

import csv
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dam.errors import display_path
from dam.media.archive.names import decoded, true_name


def legacy_names() -> dict[str, list[tuple[str, str]]]:
    """Return by encoding the names of the table, each with the language that is needed, or ''."""
    table = Path(__file__).with_name("legacy_names.csv")
    by_encoding: dict[str, list[tuple[str, str]]] = {}
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            by_encoding.setdefault(row["encoding"], []).append((row["language"], row["name"]))
    return by_encoding


@pytest.mark.parametrize(("encoding", "names"), legacy_names().items())
def test_the_encoding_that_nobody_wrote_down_is_guessed(
    encoding: str, names: list[tuple[str, str]]
) -> None:
    wrong = {}
    for language, name in names:
        wanted = [f"{name}/001.jpg", f"{name}/002.jpg", "ComicInfo.xml"]
        raw_names = [text.encode(encoding) for text in wanted]
        if (found := decoded(raw_names, language or None)) != wanted:
            wrong[name] = found[0]
    assert wrong == {}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ([b"a.jpg", "ü.jpg".encode()], ["a.jpg", "ü.jpg"]),
        (["ü.jpg".encode(), "Fähre.jpg".encode("cp437")], ["ü.jpg", "Fähre.jpg"]),
        # The first is valid UTF-8 by chance.
        (
            ["目录/1.jpg".encode("gbk"), "第一话/1.jpg".encode("gbk")],
            ["目录/1.jpg", "第一话/1.jpg"],
        ),
        # The second byte of these letters is that of a backslash.
        (["誠意/僜乗 1.jpg".encode("gbk")], ["誠意/僜乗 1.jpg"]),
        (["ソ表/1.jpg".encode("cp932")], ["ソ表/1.jpg"]),
        (["功許/1.jpg".encode("cp950")], ["功許/1.jpg"]),
        # Nothing can be told of these.
        ([b"\xdb.jpg"], ["█.jpg"]),
    ],
)
def test_names_of_one_archive_are_decoded_together(raw: list[bytes], text: list[str]) -> None:
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
        ("Глава".encode("cp866"), "Глава", "Глава"),
        ("Schön".encode("cp1252"), "Schön", "Schön"),
        ("Schön".encode("cp437"), "Sch馬", "Sch馬"),  # as an earlier version decoded it
        (b"\xff", "something else", "something else"),
    ],
)
def test_a_name_is_known_again_by_what_people_are_shown(raw: bytes, read: str, true: str) -> None:
    assert true_name(raw, read) == true
    if true != "something else":
        assert true_name(raw, display_path(read)) == true
