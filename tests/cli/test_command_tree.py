"""What the contract of the command line asks of every command, whichever there are."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest
import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from dam.cli import command_tree, make_root
from dam.cli.main import _COMMANDS, main
from dam.cli.toolkit.plain_words import COMIC, ROOT
from dam.errors import ExitCode
from tests.command_line import DamCli

CHANGING = {
    *("setup-db", "process", "retry", "gc", "doctor", "add-asset", "export-asset", "remove-asset"),
    *("config edit", "forget", "failures dismiss"),
    *(f"comic {name}" for name in ("import", "create", "link", "unlink", "set-primary", "edit")),
    *("comic remove", "restore-asset", "trash empty", "search"),
    *(f"comic {name}" for name in ("add-page", "remove-page", "move-page", "reorder", "export")),
    *(f"tag {name}" for name in ("add", "remove", "rename", "merge", "alias", "parent", "delete")),
    "tag describe",
}


def walk(command: object, words: tuple[str, ...] = ()) -> Iterator[tuple[str, object]]:
    yield " ".join(words), command
    if isinstance(command, TyperGroup):
        for name, entry in command.commands.items():
            yield from walk(entry, (*words, name))


EVERY = dict(walk(get_command(make_root(command_tree()))))
COMMANDS = {name: entry for name, entry in EVERY.items() if isinstance(entry, TyperCommand)}


def test_each_command_has_the_name_by_which_it_is_imported() -> None:
    for section, entries in command_tree().items():
        assert [entry.name for entry in entries] == list(_COMMANDS[section])


def test_a_process_imports_only_its_own_command(dam_cli: DamCli) -> None:
    code = (
        "import sys; from dam.cli.main import main; code = main(sys.argv[1:]);"
        "print(code, *(name for name in sys.modules if name.startswith('dam.cli.')), sep='\\n')"
    )
    run = [sys.executable, "-c", code, "-q", "-w", "none", "status"]
    done = subprocess.run(run, env=dam_cli.environment, capture_output=True, text=True, check=True)
    modules = done.stderr.split()  # where prints go, behind the error
    assert str(ExitCode.USAGE.value) in modules
    assert "dam.cli.world" in modules
    assert {"dam.cli.work", "dam.cli.find", "dam.cli.comic"}.isdisjoint(modules)


def test_a_word_that_is_no_command_is_compared_with_all_of_them(dam_cli: DamCli) -> None:
    said = "error: no such command 'stauts'\nhint: did you mean 'status'?\n"
    assert dam_cli("stauts").stderr == said


def options_of(command: object) -> set[str]:
    assert isinstance(command, (TyperCommand, TyperGroup))
    return {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize("name", EVERY)
def test_it_has_help(name: str) -> None:
    command = EVERY[name]
    assert isinstance(command, (TyperCommand, TyperGroup))
    assert command.help
    assert command.help.splitlines()[0].endswith(".")


@pytest.mark.parametrize("name", EVERY)
def test_its_help_ends_with_examples_that_its_parser_takes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*name.split(), "--help"]) == ExitCode.OK
    shown = capsys.readouterr().out.partition("\nExamples:\n")[2].splitlines()
    assert 1 <= len(shown) <= 3
    for line in shown:
        assert line.startswith("  ")
        assert len(line) <= 78
        words = shlex.split(line)
        given = words[words.index("dam-cli") + 1 :]
        assert name in " ".join(given)
        root = get_command(make_root(command_tree()))
        read = root.main(given, prog_name="dam-cli", standalone_mode=False)
        assert callable(read), line


@pytest.mark.parametrize("group", [(), ("comic",), ("config",), ("failures",)])
def test_lists_of_commands_cut_no_sentence(dam_cli: DamCli, group: tuple[str, ...]) -> None:
    shown = dam_cli.with_settings(COLUMNS="80")(*group, "--help").stdout.partition("\n\n")[2]
    assert "Commands:" in shown or "Assets:" in shown
    assert "..." not in shown


@pytest.mark.parametrize("name", EVERY)
def test_it_takes_the_options_that_go_everywhere(name: str) -> None:
    assert {"--world", "-w", "--json", "--quiet", "-q", "--debug"} <= options_of(EVERY[name])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name: str) -> None:
    for parameter in COMMANDS[name].params:
        assert getattr(parameter, "help", None), parameter.name


@pytest.mark.parametrize("name", COMMANDS)
def test_it_takes_a_dry_run_where_it_changes_something(name: str) -> None:
    assert ("--dry-run" in options_of(COMMANDS[name])) == (name in CHANGING)


def test_the_root_takes_what_concerns_the_program() -> None:
    assert {"--version", "--no-plugins", "--install-completion"} <= options_of(EVERY[""])
    assert isinstance(make_root(command_tree()), typer.Typer)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("ls", "`list-worlds`"),
        ("find", "`search WORD`"),
        ("add", "`add-asset PATH`"),
        ("import", "`comic import PATH`"),
        ("rm", "`remove-asset ID`"),
        ("help", "`--help`"),
        ("comic list", "`comic find WORD`"),
        ("comic rm", "`comic remove ID`"),
    ],
)
def test_a_plain_word_names_the_command_that_does_it(
    capsys: pytest.CaptureFixture[str], words: str, named: str
) -> None:
    assert main(words.split()) == ExitCode.USAGE
    message, hint = capsys.readouterr().err.splitlines()
    assert message == f"error: no such command {words.rsplit(maxsplit=1)[-1]!r}"
    assert hint.startswith("hint: ")
    assert named in hint


@pytest.mark.parametrize("hints", [ROOT, COMIC])
def test_plain_words_name_commands_that_there_are(hints: Mapping[str, str]) -> None:
    for hint in hints.values():
        for quoted in re.findall("`([^`]+)`", hint):
            words = [word for word in quoted.split() if word.islower() and word[0] != "-"]
            assert " ".join(words) in EVERY, quoted
