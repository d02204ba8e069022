"""The example plugin: tables, a media kind, a system with its marker, a listener, commands."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from dam.errors import ExitCode
from tests.command_line import DamCli
from tests.plugins.stl_files import binary, box, text

pytestmark = pytest.mark.slow

MARKER = "NeedsStlSurfaceComponent"
FACTS = {"triangle_count": 12, "min_x": 0, "min_y": 0, "min_z": 0, "max_x": 3, "max_y": 2}


@pytest.fixture
def model(home: Path) -> Path:
    path = home / "box.stl"
    path.write_bytes(binary(box(3, 2, 1)))
    return path


def component(cli: DamCli, entity_id: int, kind: str = "StlModelComponent") -> object:
    (facts,) = cli("show", str(entity_id), "--json").json
    return facts["components"].get(kind)


def test_a_model_is_described_drawn_and_checked(models: DamCli, model: Path) -> None:
    (model.parent / "notes.txt").write_text("solid words, but not a model")
    added = models("add-asset", model, "notes.txt", "--json")
    assert (added.returncode, added.json["added"]) == (ExitCode.OK, 2)
    assert component(models, 1) == {**FACTS, "max_z": 1}
    assert component(models, 1, "StlSurfaceComponent") == {"is_closed": True}
    assert component(models, 2) is None
    assert models("status", "--json").json["pending"][MARKER] == 0
    (drawn,) = models("thumbnail", "1", "--json").json
    assert (drawn["width"], drawn["height"]) == (256, 256)
    (facts,) = models("show", "1", "--json").json
    assert facts["components"]["FilePropertiesComponent"]["media_type"] == "model/stl"
    assert "ImagePerceptualPHashComponent" not in facts["components"]


def test_models_from_before_the_plugin_are_found(models: DamCli, model: Path) -> None:
    (model.parent / "notes.txt").write_text("not a model")
    models("--no-plugins", "add-asset", model, "notes.txt")
    assert component(models, 1) is None
    done = models("process", "--outdated", "--json")
    assert done.json["processed"]["check_surfaces"] == 1
    assert component(models, 1) == {**FACTS, "max_z": 1}
    again = models("process", "--outdated", "--json").json["processed"]
    assert set(again.values()) == {0}
    marked = models("process", "--mark", MARKER, "--json").json["processed"]
    assert marked["check_surfaces"] == 1


def test_models_are_read_again_after_their_tables_were_dropped(models: DamCli, model: Path) -> None:
    models("add-asset", model)
    dropped = models("setup-db", "--drop-plugin", "dam_stl", "--yes")
    assert dropped.returncode == ExitCode.OK
    models("setup-db")
    assert component(models, 1) is None
    done = models("process", "--outdated", "--json").json["processed"]
    assert (done["extract_metadata"], done["check_surfaces"]) == (1, 1)
    assert component(models, 1) == {**FACTS, "max_z": 1}


def test_without_plugins_its_marker_is_unknown(models: DamCli) -> None:
    done = models("--no-plugins", "process", "--mark", MARKER, "--json")
    assert done.returncode == ExitCode.USAGE
    assert done.error["message"].startswith(f"no marker named {MARKER!r}; known: ")


def test_a_damaged_model_is_a_failure_and_keeps_its_type(models: DamCli, model: Path) -> None:
    model.write_bytes(text(box(1, 1, 1))[:-20])
    added = models("add-asset", model, "--json")
    assert added.returncode == ExitCode.ITEMS_FAILED
    (failure,) = added.json["failures"]
    assert failure["system"] == "extract_metadata"
    assert failure["error"] == "UnreadableModelError"
    assert failure["message"] == "unreadable STL model: the text ends without 'endsolid'"
    assert models("status", "--json").json["pending"][MARKER] == 0


def test_its_listener_hears_of_what_was_committed(models: DamCli, model: Path) -> None:
    model.write_bytes(binary(box(3, 2, 1)[:-1]))
    script = """
import sys
from dam.app import World
from dam.services.import_service import ImportOptions
from dam.services.import_service import add_files
from dam.sync import SyncWorld
from dam_stl.plugin import OpenModels

async def read(world: World):
    return world.resources.get(OpenModels)

with SyncWorld() as world:
    world.run(add_files, sys.argv[1:], ImportOptions())
    print(world.run(read))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, model],
        env=models.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[1]\n"


def test_its_commands_list_and_draw_models(models: DamCli, model: Path, home: Path) -> None:
    (home / "corner.STL").write_bytes(text(box(1, 1, 0.5)[:3]))
    models("add-asset", "corner.STL", model)
    assert models("stl", "list").stdout == (
        "2  12  3 x 2 x 1    box.stl\n1  3   1 x 1 x 0.5  corner.STL\n"
    )
    assert models("stl", "list", "--least", "4", "--json").json == [
        {"entity_id": 2, "name": "box.stl", "triangle_count": 12, "size": [3, 2, 1]}
    ]
    assert models("stl", "list", "--least", "40").returncode == ExitCode.NOTHING_FOUND
    planned = models("stl", "draw", "2", "-o", "box.png", "--dry-run")
    assert (planned.stdout, (home / "box.png").exists()) == ("would draw 2 to box.png\n", False)
    drawn = models("stl", "draw", "2", "-o", "box.png", "--json")
    assert drawn.json == {"entity_id": 2, "path": "box.png"}
    with Image.open(home / "box.png") as picture:
        assert picture.size == (256, 256)
    failed = models("stl", "draw", "7", "-o", "box.png", "--json")
    assert (failed.returncode, failed.error["error"]) == (ExitCode.USAGE, "EntityNotFoundError")
    assert "A command of the plugin dam_stl." in models("--help").stdout


def test_its_migrations_make_what_its_classes_say(models: DamCli) -> None:
    code = """
import sys
import dam.models, dam_stl.plugin
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from dam.core.prelude import Base
from sqlalchemy import create_engine

def is_compared(_object, name, kind, _is_reflected, _compared_to):
    is_bookkeeping = name.startswith("alembic_version") or dam.models.is_index_of_words(name)
    return kind != "table" or not is_bookkeeping

options = {"compare_type": True, "include_object": is_compared}
with create_engine(sys.argv[1]).connect() as connection:
    print(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, models.settings["DAM_DATABASE_URL"]],
        env=models.environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
