"""Failures in summaries: few in a line each, many of a kind as a group, and never a flood."""

from collections.abc import Sequence

import pytest

from dam.cli.toolkit.failure_report import FailureReport, skip_report

HEIC = "no decoder for image/heic is installed"


def told(capsys: pytest.CaptureFixture[str], failures: Sequence[tuple[str, str]]) -> list[str]:
    report = FailureReport("`failures` lists all")
    for path, message in failures:
        report.take(path, system="describe", message=message, hint="install one", error="E")
    report.tell()
    return capsys.readouterr().err.splitlines()


def test_a_few_failures_have_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, [("/a", HEIC), ("/b", "cannot read /b: gone")]) == [
        f"failed: /a: describe: {HEIC} (install one)",
        "failed: /b: describe: cannot read it: gone (install one)",
    ]


def test_many_of_a_kind_are_counted_and_the_first_are_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    failures = [("/other", "torn"), *((f"/{number}.heic", HEIC) for number in range(30))]
    assert told(capsys, failures) == [
        f"failed: 30 \N{MULTIPLICATION SIGN} describe: {HEIC} (install one)",
        "  /0.heic",
        "  /1.heic",
        "  /2.heic (and 27 more)",
        "failed: /other: describe: torn (install one)",
    ]


def test_messages_that_differ_in_numbers_are_of_one_kind(
    capsys: pytest.CaptureFixture[str],
) -> None:
    failures = [(f"/{n}", f"{n},000 pixels; at most 400 are accepted") for n in range(5, 9)]
    heading = told(capsys, failures)[0]
    assert heading.startswith(
        "failed: 4 \N{MULTIPLICATION SIGN} describe: … pixels; at most 400 are accepted"
    )


def test_messages_that_name_their_own_path_are_of_one_kind(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = FailureReport("`failures` lists all")
    for name in "abcd":
        report.take(f"/{name}", message=f"cannot read /{name}: permission denied")
        report.take(name, message=f"cannot search: cannot read {name}: no such file")
        report.take("x.cbz", name, message=f"unreadable member {name!r}: it is empty")
    report.tell()
    headings = [line for line in capsys.readouterr().err.splitlines() if line[0] != " "]
    assert headings == [
        "failed: 4 \N{MULTIPLICATION SIGN} cannot read it: permission denied",
        "failed: 4 \N{MULTIPLICATION SIGN} cannot search: cannot read it: no such file",
        "failed: 4 \N{MULTIPLICATION SIGN} unreadable member: it is empty",
    ]


def test_many_kinds_stay_within_thirty_lines(capsys: pytest.CaptureFixture[str]) -> None:
    kinds = [("x" * (kind + 1), 100 - kind) for kind in range(60)]
    failures = [(f"/{said}/{one}", said) for said, many in kinds for one in range(many)]
    lines = told(capsys, failures)
    assert len(lines) <= 30
    assert lines[0].startswith("failed: 100 ")
    shown = sum(many for _, many in kinds[:14])
    left = len(failures) - shown
    assert lines[-1] == f"failed: {left} others, of 46 more kinds (`failures` lists all)"


def test_files_of_a_folder_that_is_gone_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    report = FailureReport("`failures` lists all")
    for name in ("a", "b"):
        report.take(name, system="s", error="FolderGoneError", message="/disk is not there")
    report.tell()
    assert capsys.readouterr().err == "failed: 2 files waiting: s: /disk is not there\n"


def test_what_was_skipped_is_grouped_likewise_in_few_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = skip_report()
    for number in range(5):
        report.take(f"/{number}", message="not a regular file but a FIFO")
    for kind in range(9):
        report.take(f"/x{kind}", message="x" * (kind + 1))
    report.tell()
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == [
        "skipped: 5 \N{MULTIPLICATION SIGN} not a regular file but a FIFO",
        "  /0 (and 4 more)",
    ]
    assert len(lines) == 6
    assert lines[-1] == "skipped: 6 others, of 6 more kinds (`--jsonl` lists all)"
