"""The options that go everywhere, help, and how little it costs to ask for it."""

import subprocess
import sys
from pathlib import Path

import pytest

import dam
from tests.cli.conftest import Run
from tests.command_line import DamCli

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "line",
    [
        "--json --quiet --world photos state",
        "state --json -q -w photos",
        "--json state --quiet --world=photos",
        "-q --world scans state --json -w photos",
        "group --json state -q -w photos",
        "-q group -w photos state --json",
    ],
)
def test_options_may_stand_before_and_after_the_commands_name(run: Run, line: str) -> None:
    assert run(*line.split()).json == {
        "world": "photos",
        "is_json": True,
        "is_jsonl": False,
        "is_quiet": True,
        "is_debug": False,
        "is_dry_run": False,
        "without_plugins": False,
        "changes": False,
    }


def test_plugins_are_left_out_at_the_root(run: Run) -> None:
    assert run("--no-plugins", "group", "state").json["without_plugins"] is True


def test_a_command_that_changes_something_takes_a_dry_run(run: Run) -> None:
    assert run("paths", "a", "--dry-run").stdout == "a\n"
    assert run("state", "--dry-run").returncode == 2


def test_only_a_command_with_many_results_takes_jsonl(run: Run) -> None:
    assert run("paths", "a", "b", "--jsonl").jsonl == [{"path": "a"}, {"path": "b"}]
    error = run("state", "--jsonl").error
    assert (error["message"], error["hint"]) == (
        "no such option: --jsonl",
        "did you mean --json?",
    )


def test_the_version_is_printed(run: Run) -> None:
    assert run("--version").stdout == f"dam-cli {dam.__version__}\n"


def test_help_fits_eighty_columns_and_names_the_sections(run: Run) -> None:
    result = run("--help")
    assert result.returncode == 0
    assert "\nSamples:\n  state       Show the state.\n" in result.stdout
    assert "\nMore samples:\n  remove      Ask first.\n" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_help_of_a_command_keeps_its_own_options_apart(run: Run) -> None:
    own, everywhere = run("paths", "-h").stdout.split("Options of every command:")
    assert "--limit" in own
    assert "--dry-run" in own
    assert [line.split()[0] for line in everywhere.strip().splitlines()] == [
        "-w,",
        "--json",
        "-q,",
        "--debug",
        "-h,",
    ]


@pytest.mark.parametrize("line", ["", "group"])
def test_a_name_without_a_command_shows_help_and_is_wrong_usage(run: Run, line: str) -> None:
    result = run(*line.split())
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("Usage: dam-cli")


def test_help_imports_nothing_heavy(home: Path) -> None:
    code = (
        "import sys; from dam.cli.main import main; main(['--help']);"
        "print(sorted(set(sys.modules) & {'sqlalchemy', 'numpy', 'PIL', 'scipy', 'alembic',"
        " 'pydantic', 'pydantic_settings', 'rich', 'asyncio', 'logging', 'dam.settings'}),"
        " file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=DamCli(home).environment,
        check=True,
    )
    assert result.stderr == "[]\n"


def test_a_world_on_sqlite_imports_nothing_that_it_never_needs(home: Path) -> None:
    code = (
        "import sys; from dam.cli.main import main; main(['search', 'x']);"
        "print(sorted(set(sys.modules) & {'alembic', 'psycopg', 'numpy', 'PIL', 'pikepdf',"
        " 'py7zr', 'rarfile', 'rich.console', 'rich.markup'}),"
        " file=sys.stderr)"
    )
    environment = DamCli(home).environment
    assert DamCli(home)("setup-db").returncode == 0
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert result.stderr == "[]\n"


def test_the_module_is_the_command(home: Path) -> None:
    assert DamCli(home)("--version").stdout == f"dam-cli {dam.__version__}\n"
