"""What a failing command says, and its exit code."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run, sample_command
from tests.command_line import DamCli
from tests.conftest import PROJECT

pytestmark = pytest.mark.slow


def test_a_fault_of_the_user_is_one_line_and_a_hint(run: Run) -> None:
    result = run("fail", "usage")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "error: no world named 'fotos'\nhint: did you mean 'photos'?\n"


@pytest.mark.parametrize("line", ["--json fail usage", "fail usage --json"])
def test_with_json_a_fault_is_one_json_value_on_stderr(run: Run, line: str) -> None:
    result = run(*line.split())
    assert (result.returncode, result.stdout) == (2, "")
    assert result.error == {
        "error": "UsageError",
        "message": "no world named 'fotos'",
        "hint": "did you mean 'photos'?",
    }


@pytest.mark.parametrize("how", ["query", "group"])
def test_a_fault_may_add_facts_to_its_json(run: Run, how: str) -> None:
    error = run("fail", how, "--json").error
    assert (error["error"], error["position"]) == ("QueryError", 7)


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("sate", "no such command 'sate'", "did you mean 'state'?"),
        (
            "state --wrold x",
            "no such option: --wrold",
            "did you mean --world?",
        ),
        ("paths", "missing argument 'PATH'", "see dam-cli paths --help"),
        ("state more", "unexpected argument: more", "see dam-cli state --help"),
        (
            "paths a --limit few",
            "invalid value for '--limit': 'few'; expected a whole number",
            "see dam-cli paths --help",
        ),
        (
            "paths a --limit 0",
            "invalid value for '--limit': '0'; expected at least 1",
            "see dam-cli paths --help",
        ),
        (
            "paths a --limit 10000",
            "invalid value for '--limit': '10000'; expected at most 9999",
            "see dam-cli paths --help",
        ),
        (
            "fail badly",
            "invalid value for 'how': 'badly' is not one of "
            "'usage', 'bug', 'query', 'group', 'ctrl-c'",
            "see dam-cli fail --help",
        ),
    ],
)
def test_wrong_usage_is_explained(run: Run, line: str, message: str, hint: str) -> None:
    result = run("--json", *line.split())
    assert result.returncode == 2
    assert result.error == {"error": "UsageError", "message": message, "hint": hint}


def test_a_bug_is_one_line_and_how_to_get_the_traceback(run: Run) -> None:
    result = run("fail", "bug")
    assert result.returncode == 70
    assert result.stderr == (
        "error: this is a bug in dam: KeyError: 'x'\n"
        "hint: run it again with --debug, and report the traceback\n"
    )


def test_debug_shows_the_traceback(run: Run) -> None:
    result = run("fail", "bug", "--debug")
    assert result.stderr.startswith("Traceback (most recent call last):\n")
    assert result.stderr.endswith("report the traceback\n")


def test_an_interrupt_is_one_line(run: Run) -> None:
    result = run("fail", "ctrl-c")
    assert result.returncode == 130
    assert result.stderr == "error: interrupted; what was finished stays finished\n"


def test_an_interrupt_while_the_arguments_are_read_is_one_line_too(run: Run) -> None:
    result = run("early")
    assert result.returncode == 130
    assert result.stderr == "error: interrupted; what was finished stays finished\n"


def test_an_interrupt_while_python_starts(dam_cli: DamCli, tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt")
    result = dam_cli.with_settings(PYTHONPATH=f"{tmp_path}:{PROJECT}")("--version")
    assert result.returncode == 130
    assert result.stderr == "error: interrupted; nothing was begun\n"


def test_an_interrupt_inside_an_exec_keeps_its_exit_code(dam_cli: DamCli, tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("exec('raise KeyboardInterrupt')")
    result = dam_cli.with_settings(PYTHONPATH=f"{tmp_path}:{PROJECT}")("--version")
    assert result.returncode == 130


def test_an_interrupt_that_met_an_exec_and_was_told_keeps_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "ended.py").write_text(
        "import sys, dam.cli\n"
        "try:\n    exec('raise KeyboardInterrupt')\n"
        "except KeyboardInterrupt:\n    dam.cli.main.main = lambda *_: 130\n"
        "dam.cli.app()\n"
    )
    environment = DamCli(home=tmp_path).environment | {"PYTHONPATH": f"{tmp_path}:{PROJECT}"}
    command = [sys.executable, "-m", "ended"]
    ended = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert (ended.returncode, ended.stderr) == (130, b"")


def test_ctrl_c_cancels_the_work_and_closes_what_is_open(home: Path) -> None:
    process = subprocess.Popen(
        sample_command("wait"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=DamCli(home).environment,
        cwd=home,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (130, "closed\n")
    assert stderr == "error: interrupted; what was finished stays finished\n"


@pytest.mark.parametrize("line", ["hide", "trip"])
def test_no_code_can_hide_that_it_was_stopped(run: Run, line: str) -> None:
    """`__del__` loses every exception, and what is cut short may fail in its own words."""
    result = run(line)
    assert (result.returncode, result.stdout) == (143, "")
    assert result.stderr == "error: stopped by SIGTERM; what was finished stays finished\n"


@pytest.mark.parametrize("line", ["state", "many", "--help", "list --json"])
def test_a_full_disk_under_stdout_is_a_fault_of_the_environment(home: Path, line: str) -> None:
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            sample_command(*line.split()),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=DamCli(home).environment,
            cwd=home,
            check=False,
        )
    assert result.returncode == 5
    assert "cannot write the result: no space left on the disk" in result.stderr


@pytest.mark.parametrize(
    ("redirection", "code", "message"),
    [
        ("| head -n 1", 141, ""),
        ("2>&- | head -n 1", 141, ""),
        (
            ">&-",
            5,
            "error: cannot write the result: stdout is closed\n"
            "hint: check where stdout goes, and that there is space\n",
        ),
        (">&- 2>&-", 5, ""),
    ],
)
def test_a_reader_that_goes_away_ends_the_command_without_a_traceback(
    home: Path, redirection: str, code: int, message: str
) -> None:
    script = f'set -o pipefail; "$@" {redirection}'
    result = subprocess.run(
        ["bash", "-c", script, "-", *sample_command("many")],
        capture_output=True,
        text=True,
        env=DamCli(home).environment,
        cwd=home,
        check=False,
    )
    assert (result.returncode, result.stderr) == (code, message)


def test_names_in_a_fault_stay_on_one_line(run: Run) -> None:
    result = run("fail", b"\xff\n")
    assert result.stderr.splitlines()[0].startswith("error: invalid value for 'how': '\\")
    assert len(result.stderr.splitlines()) == 2
    assert json.loads(run("--json", "fail", b"\xff\n").stderr)["error"] == "UsageError"
