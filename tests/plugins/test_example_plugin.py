"""A package of its own adds a resource, a system with its marker, and a listener."""

import subprocess
import sys
from pathlib import Path

import pytest

from dam.errors import ExitCode
from tests.command_line import DamCli

pytestmark = pytest.mark.slow

MARKER = "NeedsDrawingSizeComponent"
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30px"/>'


@pytest.fixture
def drawing(home: Path) -> Path:
    path = home / "drawing.svg"
    path.write_text(DRAWING)
    return path


def dimensions(cli: DamCli, entity_id: int) -> object:
    (facts,) = cli("show", str(entity_id), "--json").json
    return facts["components"].get("ImageDimensionsComponent")


def test_an_import_marks_new_assets_for_the_plugin(drawings: DamCli, drawing: Path) -> None:
    (drawing.parent / "notes.txt").write_text("not a drawing")
    drawings("add-asset", "--no-process", drawing, "notes.txt")
    assert drawings("status", "--json").json["pending"][MARKER] == 1


def test_adding_a_drawing_runs_the_plugins_system(drawings: DamCli, drawing: Path) -> None:
    added = drawings("add-asset", drawing, "--json")
    assert (added.returncode, added.json["added"]) == (ExitCode.OK, 1)
    assert dimensions(drawings, 1) == {"width": 40, "height": 30}
    assert drawings("status", "--json").json["pending"][MARKER] == 0


def test_old_assets_are_marked_as_an_import_would(drawings: DamCli, drawing: Path) -> None:
    (drawing.parent / "notes.txt").write_text("not a drawing")
    drawings("--no-plugins", "add-asset", drawing, "notes.txt")
    assert dimensions(drawings, 1) is None
    done = drawings("process", "--mark", MARKER, "--json")
    assert done.json["processed"]["measure_drawings"] == 1
    assert dimensions(drawings, 1) == {"width": 40, "height": 30}


def test_without_plugins_its_marker_is_unknown(drawings: DamCli) -> None:
    done = drawings("--no-plugins", "process", "--mark", MARKER, "--json")
    assert done.returncode == ExitCode.USAGE
    assert done.error["message"].startswith(f"no marker named {MARKER!r}; known: ")


def test_what_the_plugin_cannot_do_is_a_failure_of_its_system(
    drawings: DamCli, drawing: Path
) -> None:
    drawing.write_text("<svg/>")
    added = drawings("add-asset", drawing, "--json")
    assert added.returncode == ExitCode.ITEMS_FAILED
    (failure,) = added.json["failures"]
    assert failure["system"] == "measure_drawings"
    assert failure["error"] == "NoDrawingSizeError"
    assert failure["message"] == "the drawing names no width and height"


def test_its_listener_hears_of_what_was_committed(drawings: DamCli, drawing: Path) -> None:
    script = """
import sys
from dam.app import World
from dam.services.import_service import ImportOptions
from dam.services.import_service import add_files
from dam.sync import SyncWorld
from dam_drawings import MeasuredDrawings

async def measured(world: World):
    return world.resources.get(MeasuredDrawings)

with SyncWorld() as world:
    world.run(add_files, sys.argv[1:], ImportOptions())
    print(world.run(measured))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, drawing],
        env=drawings.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[1]\n"


def test_a_plugin_whose_table_is_missing_is_an_error(
    drawings: DamCli, drawing: Path, home: Path
) -> None:
    url = f"sqlite:///{home / 'without-its-table.db'}"
    other = drawings.with_settings(DAM_DATABASE_URL=url)
    other("setup-db")
    added = other("add-asset", drawing, "--json")
    assert added.returncode == ExitCode.ENVIRONMENT
    assert added.error == {
        "error": "PluginTablesMissingError",
        "message": f"the database {url} lacks tables that plugins need: "
        "component_drawings_needs_drawing_size",
        "hint": "create the tables as the plugin describes, or run without plugins (--no-plugins)",
    }
    assert other("--no-plugins", "add-asset", drawing).returncode == ExitCode.OK
