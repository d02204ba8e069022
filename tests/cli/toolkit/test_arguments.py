"""Paths and ids, given or read from stdin."""

from pathlib import Path

import pytest

from dam.cli.toolkit.arguments import MalformedIdError, NothingToSeparateError, parse_id, read_paths
from dam.errors import echoed
from tests.cli.conftest import Run
from tests.command_line import DamCli


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", 7),
        (" 007\r", 7),
        ("sha256:0123abcd", "0123abcd"),
        ("SHA256:" + "AB" * 32, "ab" * 32),
    ],
)
def test_an_id_is_digits_or_the_beginning_of_a_hash(text: str, expected: int | str) -> None:
    assert parse_id(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "-1",
        "1.0",
        "٣",
        "1" * 19,
        "0123abcd",
        "sha256:0123abc",
        "sha256:" + "a" * 65,
        "md5:0123abcd",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(MalformedIdError) as caught:
        parse_id(text)
    assert caught.value.message == f"not a valid id: {echoed(text)}"
    assert caught.value.hint == "give at most 18 digits, or sha256: and at least 8 hex digits"


def test_null_separation_without_stdin_is_wrong_usage() -> None:
    with pytest.raises(NothingToSeparateError):
        list(read_paths(["a"], null_separated=True))


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ["add-asset", "a", ""],
        ["add-asset", "-", "", "--mode", "move"],
        ["comic", "import", ""],
        ["comic", "export", "1", "-o", ""],
        ["export-asset", "1", "--output="],
        ["find-file-by-hash", "--file", ""],
        ["find-similar-images", ""],
    ],
)
def test_an_empty_path_is_not_the_current_folder(
    dam_cli: DamCli, home: Path, command: list[str]
) -> None:
    (home / "a").write_bytes(b"a")
    result = dam_cli(*command, "--json")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.error == {
        "error": "EmptyPathError",
        "message": "found '', expected a path",
        "hint": "check your script for an empty variable; . is the current folder",
    }
    assert [path.name for path in home.iterdir()] == ["a"]


@pytest.mark.slow
def test_ids_come_from_stdin_one_a_line(run: Run) -> None:
    result = run("ids", "5", "-", "--json", stdin=b"1\n\nsha256:0123abcd\r\n2")
    assert result.json == [5, 1, "0123abcd", 2]


@pytest.mark.slow
def test_paths_from_stdin_may_hold_newlines_when_null_separated(run: Run) -> None:
    result = run("paths", "-0", "--jsonl", "-", stdin=b"a\nb\0c \xff\0\0-d")
    assert result.jsonl == [{"path": "a\nb"}, {"path": "c \udcff"}, {"path": "-d"}]


@pytest.mark.slow
def test_any_path_can_be_given(run: Run) -> None:
    result = run("paths", "--jsonl", "a\nb", "./-", b"\xff.jpg", "--", "-x", "--json")
    assert [line["path"] for line in result.jsonl] == ["a\nb", "-", "\udcff.jpg", "-x", "--json"]


@pytest.mark.slow
def test_many_paths_pass_through(run: Run) -> None:
    names = [f"{number:0200}" for number in range(2000)]
    result = run("paths", "-", "--limit", "2000", stdin="\n".join(names).encode())
    assert result.stdout.split() == names
