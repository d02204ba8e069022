"""What the README shows is there, and works as it says."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from dam.cli import command_tree, make_root
from dam.errors import ExitCode
from dam.settings import load_settings
from dam.settings.variables import PREFIX, Variables
from tests.command_line import DamCli
from tests.conftest import PROJECT
from tests.readme import BLOCKS, CODE_SPANS, PROSE, TEXT, follow_recipe, marked, of_today
from tests.services.faces import modules, names_of_face


def _below(group: TyperGroup) -> Iterator[Any]:
    """Yield the commands of the groups in a group."""
    for entry in group.commands.values():
        if isinstance(entry, TyperGroup):
            yield from entry.commands.values()


ROOT = get_command(make_root(command_tree()))
assert isinstance(ROOT, TyperGroup)
NAMES = tuple(ROOT.commands)
OPTIONS = {
    option
    for command in (ROOT, *ROOT.commands.values(), *_below(ROOT))
    for parameter in command.params
    for option in parameter.opts
}

_PATH = re.compile(r"(?:dam|tests|alembic|\.ci)/[\w./-]*|LICENSE|\.env\.example")
_STEP = re.compile(r"\| `(dam/[\w/]+\.py)` \| `(\w+)` \|$", re.MULTILINE)
_SERVICE = re.compile(r"\| `(dam\.services\.\w+)` \| (.*) \|$", re.MULTILINE)
_VARIABLE = re.compile(r"^(?:\| `)?(DAM_\w+)", re.MULTILINE)


def commands_shown() -> Iterator[list[str]]:
    """Yield the arguments of every command that is written out, in a block or in a sentence."""
    texts = [block.text for block in BLOCKS if block.language == "sh"]
    consoles = [block.text for block in BLOCKS if block.language == "console"]
    texts += [typed for console in consoles for typed in re.findall(r"^\$ (.*)$", console, re.M)]
    texts += [span for span in CODE_SPANS if span.startswith("dam-cli ")]
    named = [span for span in CODE_SPANS if span.split()[0] in NAMES]
    texts += [f"dam-cli {span}" + (" --help" if " -" not in span else "") for span in named]
    for piece in re.split(r"&&|[|()\n]", "\n".join(texts)):
        _, program, arguments = piece.partition("dam-cli ")
        if program and not {"…", "COMMAND"} & set(arguments.split()):
            yield shlex.split(arguments)


@pytest.mark.parametrize("arguments", list(commands_shown()), ids=" ".join)
def test_every_command_shown_is_understood(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    ROOT.main(arguments, standalone_mode=False)  # reads the arguments, runs nothing
    assert capsys.readouterr().err == ""


def test_every_command_is_shown() -> None:
    shown = {word for arguments in commands_shown() for word in arguments}
    assert set(NAMES) - shown == set()


def test_every_option_named_exists() -> None:
    named = {span.split()[0] for span in CODE_SPANS if span.startswith("--")}
    assert named - OPTIONS - {"--help"} == set()


def test_every_file_named_exists() -> None:
    named = {span for span in CODE_SPANS if _PATH.fullmatch(span)}
    assert len(named) > 20
    assert [path for path in sorted(named) if not (PROJECT / path).exists()] == []


def test_every_step_of_a_file_is_where_it_says() -> None:
    steps = _STEP.findall(TEXT)
    assert len(steps) > 10
    missing = [
        (path, name)
        for path, name in steps
        if not re.search(rf"(?:def|class) {name}\b", (PROJECT / path).read_text())
    ]
    assert missing == []


def test_the_python_api_lists_the_names_of_every_service() -> None:
    listed = {module: sorted(re.findall(r"`(\w+)`", row)) for module, row in _SERVICE.findall(TEXT)}
    assert listed == {module: names_of_face(module) for module in modules()}


def test_every_setting_is_documented() -> None:
    settings = {PREFIX + field.upper() for field in Variables.model_fields}
    assert set(_VARIABLE.findall((PROJECT / ".env.example").read_text())) == settings
    assert set(_VARIABLE.findall(PROSE)) == settings


def test_the_worlds_shown_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    (worlds,) = (block.text for block in BLOCKS if block.language == "json")
    monkeypatch.setenv("DAM_WORLDS_CONFIG", worlds)
    assert list(load_settings().worlds) == ["photos", "scans", "default"]


def test_the_file_of_settings_shown_can_be_used(home: Path) -> None:
    file = home / ".config/dam/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(next(block.text for block in BLOCKS if block.text.startswith("default =")))
    settings = load_settings()
    assert (list(settings.worlds), settings.default_world) == (
        ["photos", "scans", "default"],
        "photos",
    )


def test_the_plugin_shown_is_the_one_that_is_tested() -> None:
    source = (PROJECT / "tests/plugins/example_plugin/dam_stl/plugin.py").read_text()
    shown = [block.text for block in BLOCKS if "def install" in block.text]
    assert len(shown) == 1
    assert shown[0] in source
    offered = (PROJECT / "tests/plugins/example_plugin/pyproject.toml").read_text()
    assert marked_toml() in offered
    files = re.findall(r"^\| `(dam_stl/\S+)` \|", TEXT, re.MULTILINE)
    there = (PROJECT / "tests/plugins/example_plugin").glob("dam_stl/**/*.py")
    assert {f"example_plugin/{name}" for name in files} | {
        "example_plugin/dam_stl/__init__.py"
    } == {str(path.relative_to(PROJECT / "tests/plugins")) for path in there}


def marked_toml() -> str:
    """Return the one block of TOML: the entry points of the plugin."""
    tables = [block.text for block in BLOCKS if block.language == "toml"]
    (block,) = (text for text in tables if "entry-points" in text)
    return block


@pytest.mark.slow
def test_the_python_examples_print_what_is_shown(dam_cli: DamCli) -> None:
    (dam_cli.home / "tests").symlink_to(PROJECT / "tests")
    example = BLOCKS.index(next(block for block in BLOCKS if "SyncWorld()" in block.text))
    assert run_python(dam_cli, BLOCKS[example].text) == BLOCKS[example + 1].text
    asynchronous = next(block for block in BLOCKS if "dam.open_world()" in block.text)
    assert run_python(dam_cli, asynchronous.text) == "42 assets\n"


@pytest.mark.slow
def test_the_comic_made_in_python_is_what_is_shown(dam_cli: DamCli) -> None:
    (dam_cli.home / "tests").symlink_to(PROJECT / "tests")
    example = BLOCKS.index(next(block for block in BLOCKS if "def make_comic" in block.text))
    assert run_python(dam_cli, BLOCKS[example].text) == BLOCKS[example + 1].text


def run_python(dam_cli: DamCli, source: str) -> str:
    """Run a script as a file of the user's, and return what it prints."""
    script = dam_cli.home / "example.py"
    script.write_text(source)
    return subprocess.run(
        [sys.executable, script],
        env=dam_cli.environment,
        cwd=dam_cli.home,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


@pytest.mark.slow
def test_what_was_backed_up_is_restored(dam_cli: DamCli, home: Path) -> None:
    dam_cli("add-asset", "-r", PROJECT / "tests" / "assets" / "pictures")
    backup = ["bash", "-euc", marked("back-up")]
    subprocess.run(backup, env=dam_cli.environment, cwd=home, check=True)
    data = home / ".local" / "share" / "dam"
    shutil.rmtree(data)
    shutil.rmtree(home / ".cache" / "dam")
    data.mkdir()
    (home / "dam-backup.db").rename(data / "default.db")
    (home / "dam-backup-storage").rename(data / "default-storage")
    verified = dam_cli("verify", "--json")
    assert verified.returncode == ExitCode.OK
    assert verified.json["checked"] == 42


@pytest.mark.slow
def test_following_the_recipe_adds_a_component_a_system_and_a_command(
    dam_cli: DamCli, home: Path, tmp_path: Path
) -> None:
    for name in ("dam", "alembic"):
        shutil.copytree(PROJECT / name, tmp_path / name)
    for name in ("alembic.ini", "pyproject.toml"):
        shutil.copy(PROJECT / name, tmp_path)
    (home / "IMG_4321.jpg").write_text("before")
    dam_cli("add-asset", "IMG_4321.jpg")

    follow_recipe(tmp_path)
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    changed = dam_cli.with_settings(PYTHONPATH=str(tmp_path), PATH=programs)
    migrate = of_today(marked("migrate")).replace(".venv/before.db", f"/{tmp_path}/before.db")
    check, _, _ = marked("check-it").partition("&& mypy")  # which takes long
    for script in (migrate, check):
        subprocess.run(["bash", "-euc", script], env=changed.environment, cwd=tmp_path, check=True)
    assert changed("setup-db").returncode == ExitCode.OK
    (home / "DSC_0042.jpg").write_text("after")
    changed("add-asset", "DSC_0042.jpg")
    changed("process", "--mark", "NeedsShotNumberComponent")
    assert changed("find-shot", "4321").stdout == "1  IMG_4321.jpg\n"
    assert changed("find-shot", "42", "--json").json == [{"entity_id": 2, "name": "DSC_0042.jpg"}]
    assert changed("find-shot", "7").returncode == ExitCode.NOTHING_FOUND
