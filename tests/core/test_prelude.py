"""The manual for authors of plugins: its blocks run, and its lists are complete."""

import inspect
import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from dam.core import media_kinds, prelude
from dam.core.prelude import Commands, SystemStage
from dam.core.systems.params import ParamKind
from tests.command_line import DamCli
from tests.conftest import PROJECT

MANUAL = inspect.cleandoc(prelude.__doc__ or "")
CHAPTER = inspect.cleandoc(media_kinds.__doc__ or "")

_BLOCK = re.compile(r"(?:^ {4}.*\n|^\n(?=\n* {4}))+", re.MULTILINE)
_ITEM = re.compile(r"^- `(.+?)`: ", re.MULTILINE)
_FOR_THE_SCHEDULER = {"apply", "events"}

COMMANDS = "What `Commands` can do"

RUN = """
import asyncio, json, sys
from dataclasses import asdict
from sqlalchemy import create_engine, select, update
import manual
from dam.core.prelude import Base, Commands, ProcessingErrorComponent, WorldBuilder
from dam.core.systems.declaration import facts_of
from dam.models import ContentHashSHA256Component
from dam.plugins import builtin
from dam.services.import_service import ImportOptions, add_files
from tests.databases import world_config

url = sys.argv[1]
Base.metadata.create_all(create_engine(url))
config = world_config(url, worker_kind="thread")

async def values(world, column, entity):
    return [list(row) for row in await world.read(read, select(entity, column).order_by(entity))]

async def read(session: manual.WorldSession, statement):
    return (await session.execute(statement)).all()

def call_commands(items):
    names = {
        **vars(manual),
        "commands": Commands([7]),
        "asset": 7,
        "error": manual.NoYearError("x"),
        "identity": ContentHashSHA256Component(digest=bytes(32)),
        "statement": update(manual.YearComponent),
        "values": {"year": 1998},
    }
    for item in items:
        eval("commands." + item, names)

async def main():
    await manual.add(config, ["beach 1998.txt", "no date.txt"])
    builder = WorldBuilder(config)
    builtin.install(builder)
    manual.install_all(builder)
    manual.install_kind(builder)
    world = await builder.build()
    await world.run(add_files, ["hill 1998.txt", "sea 2004.txt", "late 2099.txt"], ImportOptions())
    failure, year, word = ProcessingErrorComponent, manual.YearComponent, manual.WordComponent
    systems = [plan.function for plan in world.scheduler.systems()]
    decorated = [f for f in vars(manual).values() if callable(f) and facts_of(f)]
    shown = {
        "years": await values(world, year.year, year.entity_id),
        "words": await values(world, word.word, word.entity_id),
        "failures": await values(world, failure.message, failure.entity_id),
        "poems": await values(world, manual.PoemComponent.lines, manual.PoemComponent.entity_id),
        "counts": asdict(world.resources.get(manual.Counts)),
        "by_year": world.resources.get(manual.YearCounts),
        "log": world.resources.get(manual.Log)[:1],
        "left_out": [f.__name__ for f in decorated if f not in [*systems, manual.note_end]],
        "kinds": sorted({param.kind.value for plan in world.scheduler.systems()
                         if plan.function in decorated for param in plan.params}),
        "now": world.context.now().year,
    }
    await world.close()
    print(json.dumps(shown))

call_commands(sys.argv[2:])
asyncio.run(main())
"""


def section(title: str) -> str:
    """Return the text below a title of the manual."""
    underlined = f"{title}\n{'=' * len(title)}\n"
    assert underlined in MANUAL
    return re.split(r"^.+\n=+$", MANUAL.partition(underlined)[2], maxsplit=1, flags=re.MULTILINE)[0]


@pytest.fixture(scope="module")
def shown(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the manual's module did in a world, in a process of its own: it maps classes."""
    folder = tmp_path_factory.mktemp("manual")
    blocks = [textwrap.dedent(block) for block in _BLOCK.findall(f"{MANUAL}\n{CHAPTER}\n")]
    (folder / "manual.py").write_text("\n\n".join(blocks))
    for name in ("beach 1998", "no date", "hill 1998", "sea 2004", "late 2099"):
        (folder / f"{name}.txt").write_text(name)
    (folder / "sea 2004.txt").write_text("Poem\nThe sea\nThe sea\n")
    database = folder / "dam.sqlite"
    database.write_bytes(sqlite_template.read_bytes())
    calls = _ITEM.findall(section(COMMANDS))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN, f"sqlite:///{database}", *calls],
        env={**DamCli(folder).environment, "PYTHONPATH": f"{folder}:{PROJECT}"},
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.slow
def test_the_system_shown_works_from_component_to_builder(shown: dict[str, Any]) -> None:
    assert shown["years"][0] == [1, 1998]
    assert shown["failures"] == [[2, "no year in 'no date.txt'"]]


@pytest.mark.slow
def test_every_parameter_shown_is_given_what_the_manual_says(shown: dict[str, Any]) -> None:
    years = dict(shown["years"])
    assert years == {1: 1998, 3: 1998, 4: 2004, 5: shown["now"]}
    assert shown["words"][:2] == [[3, "1998.txt"], [3, "hill"]]
    assert shown["counts"] == {"assets": 3, "last_run": f"test, 1 workers, {shown['now']}"}
    assert shown["by_year"] == {"1998": 2}
    assert shown["log"] == ["WalkEnded"]


@pytest.mark.slow
def test_the_media_kind_shown_describes_its_files(shown: dict[str, Any]) -> None:
    assert shown["poems"] == [[4, 2]]


@pytest.mark.slow
def test_every_system_and_listener_shown_is_run(shown: dict[str, Any]) -> None:
    assert shown["left_out"] == []
    assert set(shown["kinds"]) == {kind.value for kind in ParamKind} - {ParamKind.EVENT.value}


def test_the_manual_lists_every_parameter_kind() -> None:
    listed = _ITEM.findall(section("What a system may ask for"))
    assert sorted(listed) == sorted(kind.value for kind in ParamKind)


def test_the_manual_lists_every_method_of_commands() -> None:
    items = _ITEM.findall(section(COMMANDS))
    methods = {name for name, _ in inspect.getmembers(Commands, inspect.isfunction)}
    public = {name for name in methods if not name.startswith("_")}
    assert {item.partition("(")[0] for item in items} == public - _FOR_THE_SCHEDULER


def test_the_manual_names_every_stage_in_order() -> None:
    text = section("Stages, `after` and `run_if`")
    assert re.findall(r"`([A-Z_]{5,})`", text) == [stage.name for stage in SystemStage]


def test_the_manual_speaks_of_every_name_that_is_here() -> None:
    assert [name for name in prelude.__all__ if not re.search(rf"\b{name}\b", MANUAL)] == []
