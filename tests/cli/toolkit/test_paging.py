"""Long output on a terminal goes through the pager; paths there are links."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.cli.toolkit.tables import TerminalTable, linked, width_of, without_links
from tests.cli.conftest import Run
from tests.cli.terminal import on_terminal

pytestmark = pytest.mark.slow

NAME = os.uname().nodename
FIRST = f"\x1b]8;;file://{NAME}/a%20b/%1B%5B31mc%E90\x1b\\/a b/\\x1b[31mc\\xe90\x1b]8;;\x1b\\"
COUNT = "sh -c 'echo $(wc -l) lines'"


def test_paths_on_a_terminal_are_links_without_control_characters(home: Path) -> None:
    assert on_terminal(home, "paths-list", "1") == f"ID  PATH\n0   {FIRST}\n"


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"TERM": ""}])
def test_a_dumb_terminal_gets_plain_text_and_no_pager(
    home: Path, variables: dict[str, str]
) -> None:
    shown = on_terminal(
        home, "paths-list", "50", rows=10, variables={"DAM_PAGER": COUNT, **variables}
    )
    assert len(shown.splitlines()) == 51
    assert "\x1b" not in shown


def test_what_is_not_read_at_a_terminal_has_no_links_and_no_pager(run: Run) -> None:
    lines = run("paths-list", "50").stdout.splitlines()
    assert len(lines) == 50
    assert lines[0] == r"0   /a b/\x1b[31mc\xe90"


@pytest.mark.parametrize(
    ("rows", "is_paged"), [("8", False), ("9", True)], ids=["fits", "does not fit"]
)
def test_the_pager_gets_what_does_not_fit(home: Path, rows: str, *, is_paged: bool) -> None:
    shown = on_terminal(
        home, "paths-list", rows, rows=10, variables={"DAM_PAGER": COUNT, "PAGER": "false"}
    )
    assert (shown == "10 lines\n") is is_paged
    assert (FIRST in shown) is not is_paged


def test_long_lines_count_as_the_rows_that_they_take(home: Path) -> None:
    shown = on_terminal(
        home, "paths-list", "2", "--long", "400", rows=10, variables={"DAM_PAGER": COUNT}
    )
    assert shown == "5 lines\n"


def test_json_is_never_paged(home: Path) -> None:
    shown = on_terminal(home, "paths-list", "50", "--json", rows=10, variables={"DAM_PAGER": COUNT})
    assert shown.startswith("[[0, ")


@pytest.mark.parametrize("variables", [{"DAM_PAGER": ""}, {"DAM_PAGER": "cat"}, {"PAGER": "no'"}])
def test_without_a_pager_all_is_written(home: Path, variables: dict[str, str]) -> None:
    shown = on_terminal(home, "paths-list", "50", rows=10, variables=variables)
    assert len(shown.splitlines()) == 51
    assert FIRST in shown


def test_a_pager_that_is_not_there_is_none(home: Path) -> None:
    assert (
        len(
            on_terminal(
                home, "paths-list", "50", rows=10, variables={"PAGER": "nosuch"}
            ).splitlines()
        )
        == 51
    )


def test_a_pager_of_another_kind_gets_no_links(home: Path) -> None:
    assert "\x1b" not in on_terminal(
        home, "paths-list", "50", rows=10, variables={"PAGER": "cat -n"}
    )


def test_a_pager_that_was_left_is_a_closed_pipe(home: Path) -> None:
    shown = on_terminal(home, "paths-list", "20000", rows=10, variables={"PAGER": "head -n 2"})
    assert shown.splitlines()[0] == "ID     PATH"
    assert len(shown.splitlines()) == 3
    assert shown.endswith("exit 141\n")


@pytest.mark.skipif(shutil.which("less") is None, reason="less is not installed")
def test_less_is_the_default_and_shows_links(home: Path) -> None:
    shown = on_terminal(home, "paths-list", "50", rows=10, typed=b"q", awaited=b"31mc\\xe97")
    assert FIRST in shown
    assert not {"49", "exit", "error"} & set(shown.split())


def test_ctrl_c_is_for_the_pager_as_long_as_it_runs(home: Path) -> None:
    (home / "pager.py").write_text(
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "sys.stdin.read()\n"
        "print('all read', flush=True)\n"
        "open('/dev/tty').readline()\n"
        "print('left')\n"
    )
    pager = {"PAGER": f"{sys.executable} pager.py"}
    shown = on_terminal(
        *(home, "paths-list", "50"),
        rows=10,
        typed=b"\x03\n",
        awaited=b"all read",
        variables=pager,
    )
    assert shown.replace("^C", "").split("\n") == ["all read", "left", ""]


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20))
def test_a_link_takes_no_room(text: str) -> None:
    link = linked(text, "file://host/a%20b")
    assert without_links(link) == text
    assert width_of(link) == width_of(text)


def test_columns_behind_links_are_aligned() -> None:
    rows = [["1", linked("/a", "file:///a"), "x"], ["2", linked("/abc", "file:///abc"), "y"]]
    lines = [without_links(line) for line in TerminalTable(("id", "path", "like"), 80).lines(rows)]
    assert lines == ["ID  PATH  LIKE", "1   /a    x", "2   /abc  y"]
