"""The manual for authors of commands: its blocks are a plugin that works, and its list is whole."""

import inspect
import re
import textwrap
from pathlib import Path

import pytest

from dam.cli import prelude
from dam.errors import ExitCode
from tests.command_line import DamCli
from tests.conftest import PROJECT
from tests.plugins.conftest import write_dist_info

MANUAL = inspect.cleandoc(prelude.__doc__ or "")

_BLOCK = re.compile(r"(?:^ {4}.*\n|^\n(?=\n* {4}))+", re.MULTILINE)


@pytest.fixture
def sizes(dam_cli: DamCli, home: Path, tmp_path: Path) -> DamCli:
    """The command with the manual's plugin, and two files in its world."""
    blocks = [textwrap.dedent(block) for block in _BLOCK.findall(MANUAL)]
    (tmp_path / "dam_sizes.py").write_text("\n\n".join(blocks))
    commands = {"sizes": "dam_sizes:SIZES", "read-again": "dam_sizes:read_again"}
    write_dist_info(tmp_path, "dam_sizes", "1.0", {"dam.commands": commands})
    (home / "small").write_text("a")
    (home / "large").write_text("a" * 2000)
    cli = dam_cli.with_settings(PYTHONPATH=f"{tmp_path}:{PROJECT}")
    assert cli("add-asset", "small", "large").returncode == ExitCode.OK
    return cli


@pytest.mark.slow
def test_the_command_that_shows_something_works(sizes: DamCli) -> None:
    assert sizes("sizes", "list").stdout == "1  1\n2  2000\n"
    found = sizes("--json", "sizes", "list", "--least", "1000")
    assert found.json == [{"entity_id": 2, "size_bytes": 2000}]
    nothing = sizes("sizes", "--json", "list", "--least", "3000")
    assert (nothing.returncode, nothing.json) == (ExitCode.NOTHING_FOUND, [])
    assert sizes("sizes", "list", "--least", "-1").returncode == ExitCode.USAGE


@pytest.mark.slow
def test_the_command_that_changes_something_works(sizes: DamCli) -> None:
    assert sizes("sizes", "read-again", "2", "--dry-run").stdout == "would mark 1 asset\n"
    refused = sizes("sizes", "read-again", "2", "--json")
    assert (refused.returncode, refused.error["error"]) == (ExitCode.USAGE, "CannotAskError")
    assert sizes("status").stdout.splitlines()[1] == "pending: nothing"
    assert sizes("read-again", "2", "--yes", "--json").json == {"marked": [2]}
    assert sizes("status").stdout.splitlines()[1] == (
        "pending: 1 NeedsMetadataExtractionComponent (`dam-cli process`)"
    )
    unknown = sizes("sizes", "read-again", "7", "--yes", "--json")
    assert unknown.error["error"] == "EntityNotFoundError"


def test_the_manual_speaks_of_every_name_that_is_here() -> None:
    assert [name for name in prelude.__all__ if not re.search(rf"\b{name}\b", MANUAL)] == []
