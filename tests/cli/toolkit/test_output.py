"""JSON for programs; lines that stay lines for people."""

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.cli.toolkit.cells import one_line
from dam.cli.toolkit.output import counted, json_text, name_failure
from tests.cli.conftest import Run
from tests.cli.terminal import on_terminal


@dataclass(frozen=True)
class Inner:
    """A part of a result."""

    digest: bytes


@dataclass(frozen=True)
class Outer:
    """A result."""

    inner: Inner
    when: datetime
    path: Path
    names: tuple[str, ...]


def test_results_become_json() -> None:
    when = datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=timezone(timedelta(hours=1)))
    value = [
        Outer(Inner(b"\x00\xff"), when, Path("a/\udcff"), ("é",)),
        MappingProxyType({"a": {2, 1}}),
    ]
    assert json_text(value) == (
        '[{"inner": {"digest": "00ff"}, "when": "2026-01-02T03:04:05.600000+01:00",'
        ' "path": "a/\\udcff", "names": ["\\u00e9"]}, {"a": [1, 2]}]'
    )


@given(st.text(st.characters(codec=None)))
def test_any_text_becomes_ascii_json_and_back(text: str) -> None:
    written = json_text(text)
    assert written.isascii()
    assert json.loads(written) == text


@given(st.binary())
def test_any_name_stays_one_printable_line(name: bytes) -> None:
    shown = one_line(os.fsdecode(name))
    assert len(shown.splitlines()) <= 1
    assert shown.translate(dict.fromkeys(map(ord, "\u3000\u200c\u200d"))).isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a b é 写真\u3000.jpg", "a b é 写真\u3000.jpg"),
        ("\udcff\n\x1b[31m", "\\xff\\n\\x1b[31m"),
        ("gpj\u202e.exe", "gpj\\u202e.exe"),
        ("\U0001f469\u200d\U0001f467 a\u200db", "\U0001f469\u200d\U0001f467 a\\u200db"),
    ],
)
def test_what_is_not_printable_is_escaped(text: str, shown: str) -> None:
    assert one_line(text) == shown


@pytest.mark.slow
def test_a_table_in_a_pipe_is_rows_alone_and_nothing_is_cut(run: Run) -> None:
    lines = run("list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["1", "20", "300"]
    assert "x\\xff" + "y" * 90 in lines[2]
    assert lines[0].index("2026") == lines[0].rindex("-     2026") + 6


@pytest.mark.slow
def test_a_table_on_a_terminal_has_a_header_and_shortens_names(home: Path) -> None:
    lines = on_terminal(home, "list").splitlines()
    assert lines[0].split() == ["ID", "NAME", "HASH", "ADDED"]
    assert [line.split()[0] for line in lines[1:]] == ["1", "20", "300"]
    assert lines[1].split() == ["1", "a\\nb", "-", "2026-01-02T00:00:00Z"]
    assert [len(line) for line in lines[1:2]] == [80]
    assert lines[3].split()[1].startswith("x\\xffyyy")
    assert lines[3].split()[1].endswith("yyy")
    assert "…" in lines[3]


@pytest.mark.slow
def test_a_table_without_rows_is_a_sentence_on_a_terminal_and_nothing_in_a_pipe(
    home: Path, run: Run
) -> None:
    assert on_terminal(home, "paths-list", "0") == "no paths\n"
    assert run("paths-list", "0").stdout == ""


@pytest.mark.slow
def test_a_question_is_asked_on_the_terminal_and_yes_is_an_answer(home: Path) -> None:
    assert on_terminal(home, "remove", typed=b"y\n").endswith("Remove it all? [y/N] removed\n")
    assert "error: not confirmed; nothing was done" in on_terminal(home, "remove", typed=b"\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "message"),
    [
        (b"\x04", "error: not confirmed; nothing was done"),
        (b"\x03", "error: interrupted; what was finished stays finished"),
    ],
)
def test_what_follows_a_question_without_an_answer_has_its_own_line(
    home: Path, key: bytes, message: str
) -> None:
    said = on_terminal(home, "remove", typed=key, awaited=b"[y/N] ")
    assert f"[y/N] \n{message}\n" in said.replace("^C", "")


@pytest.mark.slow
def test_a_question_that_nobody_can_answer_is_wrong_usage(run: Run) -> None:
    result = run("remove", stdin=b"y\n")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "error: cannot ask without a terminal: Remove it all?\nhint: add --yes to answer yes\n"
    )
    assert run("remove", "--yes").stdout == "removed\n"


@pytest.mark.slow
def test_progress_shows_on_a_terminal_alone(home: Path, run: Run) -> None:
    assert "working" in on_terminal(home, "work", "--long")
    assert on_terminal(home, "work", "--long", "--quiet") == ""
    assert run("work", "--long").stderr == ""


@pytest.mark.slow
def test_work_that_is_soon_done_shows_no_progress(home: Path) -> None:
    assert on_terminal(home, "work") == ""


@pytest.mark.slow
def test_talk_is_silent_for_programs_and_on_request_and_failures_are_not(run: Run) -> None:
    failure = "failed: b.jpg: permission denied (ask its owner)\n"
    assert run("paths", "a").stderr == f"that was all\n{failure}"
    assert run("paths", "a", "--quiet").stderr == failure
    assert run("paths", "a", "--jsonl").stderr == failure
    assert run("paths", "a").returncode == 3


def test_one_thing_has_no_plural() -> None:
    assert [counted(number, "page") for number in (0, 1, 2)] == ["0 pages", "1 page", "2 pages"]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("cannot read /a: permission denied", "cannot read it: permission denied"),
        ("/a changed while it was read", "it changed while it was read"),
        ("cannot read /a/b: permission denied", "cannot read /a/b: permission denied"),
        ("/a.jpg changed while it was read", "/a.jpg changed while it was read"),
        ("/a: files of this type are no pictures", "files of this type are no pictures"),
        (
            "cannot search: cannot read /a: no such file",
            "cannot search: cannot read it: no such file",
        ),
        ("cannot search: /a is a FIFO", "cannot search: it is a FIFO"),
        ("unreadable member '/a': it is empty", "unreadable member: it is empty"),
    ],
)
def test_a_line_names_its_path_once(
    capsys: pytest.CaptureFixture[str], message: str, said: str
) -> None:
    name_failure("/a", message=message)
    assert capsys.readouterr().err == f"failed: /a: {said}\n"
