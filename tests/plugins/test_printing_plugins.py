"""A plugin that prints does not spoil the results: whatever it writes to stdout goes to stderr."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.command_line import DamCli
from tests.plugins.conftest import InstallPlugin

pytestmark = pytest.mark.slow

WAYS: Mapping[str, str] = {
    "print": "print('{0}')",
    "write": "sys.stdout.write('{0}\\n')",
    "bytes": "sys.stdout.buffer.write(b'{0}\\n')",
    "descriptor": "os.write(1, b'{0}\\n')",
    "program": "subprocess.run(['echo', '{0}'], check=True)",
    "C": "libc.puts(b'{0}'), libc.fflush(None)",
}
SOURCE = """
import ctypes, os, subprocess, sys

from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, system

libc = ctypes.CDLL(None)
IMPORTED

@system(stage=SystemStage.POST_PROCESSING)
async def talk(commands: Commands) -> None:
    SYSTEM

class Talker:
    def __init__(self):
        OPENED

def install(builder):
    INSTALLED
    builder.add_system(talk)
    builder.add_resource(Talker, lambda _: Talker())
"""
PLACES = ("IMPORTED", "INSTALLED", "OPENED", "SYSTEM")


@pytest.fixture(params=WAYS)
def chatty(request: pytest.FixtureRequest, install_plugin: InstallPlugin) -> DamCli:
    """The command with a plugin that prints wherever it can, in one way."""
    source = SOURCE
    for place in PLACES:
        source = source.replace(place, WAYS[request.param].format(f"chatter {place.lower()}"))
    return install_plugin("chatty", source)


def test_json_is_one_value_and_the_chatter_is_on_stderr(chatty: DamCli, home: Path) -> None:
    (home / "a").write_text("a")
    added = chatty("add-asset", "a", "--json")
    assert added.returncode == 0
    assert added.json["added"] == 1
    said = added.stderr.splitlines()
    assert set(said) == {f"chatter {place.lower()}" for place in PLACES}
    lines = chatty("add-asset", "a", "--jsonl")
    assert [line["status"] for line in lines.jsonl] == ["unchanged"]


def test_sentences_and_tables_are_alone_too(chatty: DamCli, home: Path) -> None:
    (home / "a").write_text("a")
    assert chatty("add-asset", "a").stdout.startswith("1 added (1 B new, ")
    assert chatty("failures").stdout == "there are no failures\n"


def test_a_failure_is_the_last_line_of_stderr(chatty: DamCli) -> None:
    result = chatty("show", "7", "--json")
    assert (result.returncode, result.stdout) == (2, "")
    assert '"EntityNotFoundError"' in result.stderr.splitlines()[-1]
