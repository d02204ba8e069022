"""Rows of fields in every form; the words of a query among options."""

import json
from datetime import UTC, datetime

import pytest
from typer.main import get_command

from dam.cli import command_tree, make_root
from dam.cli.toolkit.command import State
from dam.cli.toolkit.listing import Form, Writer
from dam.services.search_service import FieldValue

ROW: dict[str, FieldValue] = {
    "id": 3,
    "name": "a\nb",
    "media_type": "image/png",
    "size_bytes": 1000,
    "sha256": "00ff",
    "width": 40,
    "height": 30,
    "added_at": datetime(2026, 1, 2, tzinfo=UTC),
    "path": None,
}


def written(capfd: pytest.CaptureFixture[str], state: State, form: Form, *pages: int) -> str:
    """Return what is written of pages of so many rows each."""
    writer = Writer(state, form)
    for count in pages:
        row = {name: ROW.get(name) for name in writer.names}
        writer.write([row] * count)
    writer.close()
    return capfd.readouterr().out


@pytest.mark.parametrize("pages", [(), (0,), (1,), (2, 1), (0, 2, 0, 1)])
def test_json_of_many_pages_is_one_list(
    capfd: pytest.CaptureFixture[str], pages: tuple[int, ...]
) -> None:
    text = written(capfd, State(is_json=True), Form(ids=True), *pages)
    assert json.loads(text) == [3] * sum(pages)
    assert text.count("\n") == 1


def test_json_that_an_error_cuts_short_is_not_begun(capfd: pytest.CaptureFixture[str]) -> None:
    writer = Writer(State(is_json=True), Form(ids=True))
    writer.write([{"id": 3}])
    del writer
    assert capfd.readouterr().out == ""


def test_json_lines_are_objects(capfd: pytest.CaptureFixture[str]) -> None:
    text = written(capfd, State(is_jsonl=True), Form(fields="name,id"), 1, 1)
    assert [json.loads(line) for line in text.splitlines()] == [{"name": "a\nb", "id": 3}] * 2


def test_lines_are_lines_and_with_nul_the_names_are_whole(
    capfd: pytest.CaptureFixture[str],
) -> None:
    form = Form(template="{name} {size_bytes:>5}")
    assert written(capfd, State(), form, 1, 1) == "a\\nb  1000\n" * 2
    whole = Form(template="{name} {size_bytes:>5}", null=True)
    assert written(capfd, State(), whole, 2) == "a\nb  1000\0" * 2


def test_what_has_no_path_is_left_out_of_paths(capfd: pytest.CaptureFixture[str]) -> None:
    assert written(capfd, State(), Form(paths=True), 2) == ""
    assert written(capfd, State(is_json=True), Form(paths=True), 2) == "[]\n"


def test_people_get_a_table(capfd: pytest.CaptureFixture[str]) -> None:
    line = "3  image/png  40x30  1.0 kB  2026-01-02T00:00:00Z  a\\nb  -\n"
    assert written(capfd, State(), Form(), 1) == line


@pytest.mark.parametrize(
    "arguments",
    [
        ["cat", "-tag:x", "--limit", "3", "-width:>5", "-0", "--ids"],
        ["--limit=3", "-0", "--ids", "--", "cat", "-tag:x", "-width:>5"],
        ["--ids", "-0", "cat", "--limit", "3", "--", "-tag:x", "-width:>5"],
    ],
)
def test_what_is_no_option_is_a_word_of_the_query(arguments: list[str]) -> None:
    root = get_command(make_root(command_tree()))
    job = root.main(["search", *arguments], prog_name="dam-cli", standalone_mode=False)
    given = job.keywords
    assert given["query"] == ["cat", "-tag:x", "-width:>5"]
    assert (given["limit"], given["null"], given["ids"]) == (3, True, True)
