"""Commands of plugins: listed without an import, loaded when they run, and named if they cannot."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from dam.errors import ExitCode
from tests.command_line import DamCli
from tests.plugins.conftest import write_dist_info

pytestmark = pytest.mark.slow

Offer = Callable[[str, str, Mapping[str, str]], DamCli]

SOURCE = """
print("chatter")

from dam.cli.prelude import ExitCode, State, command, show, sentence

@command()
def greet(state: State) -> ExitCode:
    \"\"\"Greet.\"\"\"
    print("more chatter")
    show(state, {"hello": state.world}, lambda _: sentence("hello"))
    return ExitCode.NOTHING_FOUND
"""


@pytest.fixture
def offer(cli_with_plugins: DamCli, site_packages: Path) -> Offer:
    """Install a module that offers these commands."""

    def install(name: str, source: str, commands: Mapping[str, str]) -> DamCli:
        (site_packages / f"{name}.py").write_text(source)
        write_dist_info(site_packages, name, "1.0", {"dam.commands": commands})
        return cli_with_plugins

    return install


def plugins_listed(help_page: str) -> list[str]:
    """Return the lines of a help page about plugins."""
    section = help_page.partition("Plugins:\n")[2].partition("\n\n")[0]
    return [line.strip() for line in section.splitlines()]


def test_a_command_runs_in_the_frame(offer: Offer) -> None:
    cli = offer("greeting", SOURCE, {"greet": "greeting:greet"})
    done = cli("greet", "--json", "-w", "photos")
    assert (done.returncode, done.json) == (ExitCode.NOTHING_FOUND, {"hello": "photos"})
    assert done.stderr == "chatter\nmore chatter\n"
    assert cli("greet", "--help").stdout.splitlines()[2].strip() == "Greet."


def test_help_names_the_command_and_imports_nothing(offer: Offer) -> None:
    cli = offer("greeting", "1 / 0", {"greet": "greeting:greet", "salute": "greeting:greet"})
    listed = cli("--help")
    assert (listed.returncode, listed.stderr) == (ExitCode.OK, "")
    said = "A command of the plugin greeting."
    assert [line.split(maxsplit=1) for line in plugins_listed(listed.stdout)] == [
        ["greet", said],
        ["salute", said],
    ]
    code = (
        "import sys\n"
        "from dam.cli.main import main\n"
        "assert main(['--help']) == 0\n"
        "heavy = {'greeting', 'sqlalchemy', 'alembic', 'numpy', 'PIL'}\n"
        "assert heavy.isdisjoint(sys.modules)\n"
    )
    subprocess.run(
        [sys.executable, "-c", code], env=cli.environment, check=True, stdout=subprocess.DEVNULL
    )


def test_without_plugins_there_are_no_commands_of_theirs(offer: Offer) -> None:
    cli = offer("greeting", SOURCE, {"greet": "greeting:greet"})
    assert "Plugins:" not in cli("--no-plugins", "--help").stdout
    refused = cli("--no-plugins", "greet")
    assert (refused.returncode, refused.stderr.splitlines()[0]) == (
        ExitCode.USAGE,
        "error: no such command 'greet'",
    )


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("import nothing_like_that", "greeting:greet", "ModuleNotFoundError: No module named"),
        ("", "greeting:greet", "AttributeError: module 'greeting' has no attribute 'greet'"),
        (
            "greet = 7",
            "greeting:greet",
            "greeting:greet is of type int; expected a Group or a command",
        ),
        ("raise SystemExit('bye')", "greeting:greet", "SystemExit: bye"),
        (SOURCE.replace("State)", "Stat)"), "greeting:greet", "NameError: name 'Stat' is not"),
    ],
    ids=["import", "attribute", "kind", "exit", "annotation"],
)
def test_a_command_that_cannot_be_loaded_is_one_line(
    offer: Offer, source: str, target: str, reason: str
) -> None:
    cli = offer("greeting", source, {"greet": target})
    failed = cli("greet", "--json")
    assert (failed.returncode, failed.stdout) == (ExitCode.ENVIRONMENT, "")
    assert '"PluginCommandError"' in failed.stderr.splitlines()[-1]
    said = cli("greet").stderr.splitlines()
    begin = "error: the command 'greet' of a plugin cannot be loaded: "
    assert said[-2].startswith(begin + reason)
    assert said[-1] == "hint: uninstall or fix the plugin; the other commands work"
    assert cli("--help").returncode == ExitCode.OK
    assert cli("list-worlds").returncode == ExitCode.OK


def test_the_name_of_a_command_of_dam_stays_that_of_dam(offer: Offer) -> None:
    cli = offer("greeting", SOURCE, {"list-worlds": "greeting:greet"})
    assert cli("list-worlds", "--json").json[0]["name"] == "default"
    (line,) = plugins_listed(cli("--help").stdout)
    assert line.split(maxsplit=1) == [
        "list-worlds",
        "Left out: dam has this name (greeting).",
    ]


def test_a_name_that_two_plugins_offer_is_neithers(offer: Offer) -> None:
    offer("greeting", SOURCE, {"greet": "greeting:greet"})
    cli = offer("saluting", SOURCE, {"greet": "saluting:greet"})
    (line,) = plugins_listed(cli("--help").stdout)
    assert line.split(maxsplit=1) == ["greet", "Left out: offered by greeting and saluting."]
    failed = cli("greet", "--json")
    assert failed.returncode == ExitCode.ENVIRONMENT
    assert failed.error["message"] == (
        "the command 'greet' of a plugin cannot be loaded: offered by greeting and saluting"
    )
