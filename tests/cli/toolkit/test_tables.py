"""Tables on a terminal: hashes, paths and messages stay whole, rows wrap."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.cli.toolkit.tables import PlainTable, TerminalTable, shortened, width_of

PATH = "/home/ann/pictures/" + "holiday/" * 12 + "lake.jpg"
HASH = "ad81de69" * 8


def fitted(rows: Sequence[Sequence[str]], header: Sequence[str], columns: int) -> Iterator[str]:
    return TerminalTable(header, columns).lines(rows)


def test_a_table_that_fits_is_aligned_under_its_header() -> None:
    assert list(fitted([["1", "a.jpg"], ["200", "b"]], ("id", "name"), 80)) == [
        "ID   NAME",
        "1    a.jpg",
        "200  b",
    ]


def test_columns_that_are_empty_throughout_are_left_out() -> None:
    rows = [["1", "-", "a"], ["2", "-", "-"]]
    assert list(fitted(rows, ("id", "transform", "name"), 80)) == ["ID  NAME", "1   a", "2   -"]
    assert list(PlainTable().lines(rows)) == ["1  -  a", "2  -  -"]


def test_a_table_without_rows_has_its_header() -> None:
    assert list(fitted([], ("id", "name"), 80)) == ["ID  NAME"]


def test_names_are_shortened_in_the_middle_and_nothing_else_is() -> None:
    rows = [["1", "x" * 60 + "-001.jpg", HASH[:32]]]
    _, line = fitted(rows, ("id", "name", "hash"), 80)
    assert width_of(line) == 80
    assert line.startswith("1   xxxx")
    assert "…" in line
    assert "-001.jpg  " in line
    assert line.endswith(HASH[:32])


@pytest.mark.parametrize("columns", [20, 40, 80, 120])
def test_paths_hashes_and_messages_are_never_cut(columns: int) -> None:
    message = "cannot read it: no such file (mount its disk and try again)"
    rows = [["1", "describe", "lake.jpg", HASH, PATH, message], ["2", "-", "b", "-", "/b", "no"]]
    lines = list(fitted(rows, ("id", "system", "name", "hash", "path", "message"), columns))
    for whole in (HASH, PATH, message):
        assert sum(whole in line for line in lines) == 1


def test_only_rows_that_are_too_long_wrap() -> None:
    lines = list(fitted([["1", "a", PATH], ["2", "b", "/b"]], ("id", "name", "path"), 40))
    assert lines == ["ID  NAME  PATH", "1   a", f"    {PATH}", "2   b     /b"]


@given(st.text(max_size=40), st.integers(1, 30))
def test_a_shortened_text_has_the_width_at_most(text: str, width: int) -> None:
    assert width_of(shortened(text, width)) <= max(width, 1)


def test_letters_are_as_wide_as_terminals_show_them() -> None:
    widths = {"写真": 4, "e\u0301": 1, "\U0001f469\u200d\U0001f467": 2, "\u2764\ufe0f": 2, "ｱ": 1}
    assert {text: width_of(text) for text in widths} == widths
    family = "\U0001f469\u200d\U0001f467"
    assert shortened(family * 9, 5) == f"{family}…{family}"


def test_a_table_in_a_pipe_is_not_widened_by_one_long_name() -> None:
    table = PlainTable()
    assert list(table.lines([["1", "a", "x"], ["2", "b" * 200, "y"]])) == [
        "1  a  x",
        f"2  {'b' * 200}  y",
    ]
    assert list(table.lines([["3", "b" * 40, "z"], ["4", "", "-"]])) == [
        f"3  {'b' * 40}  z",
        f"4  {' ' * 40}  -",
    ]


def test_the_header_of_a_table_comes_once_and_again_where_a_column_is_new() -> None:
    table = TerminalTable(("id", "name", "note"), 80)
    assert list(table.lines([["1", "a", "-"]])) == ["ID  NAME", "1   a"]
    assert list(table.lines([["200", "b", "-"]])) == ["200  b"]
    assert list(table.lines([["3", "c", "new"]])) == ["ID   NAME  NOTE", "3    c     new"]
