"""What a package adds to a world through the entry point `dam.plugins`."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from dam.core.new_entities import NewEntity, NewEntityMarkers
from dam.errors import ExitCode, PluginFunctionError, PluginLoadError
from dam.models import NeedsContentAnalysisComponent, NeedsMetadataExtractionComponent
from tests.core.worlds import builder_of

URL = "sqlite:///never-opened.db"

Install = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a package of one module whose entry point is its function `install`."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(name: str, source: str) -> None:
        (tmp_path / f"{name}.py").write_text(source)
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[dam.plugins]\n{name} = {name}:install\n")
        monkeypatch.delitem(sys.modules, name, raising=False)

    return write


async def test_a_plugin_adds_systems(install: Install) -> None:
    install(
        "dam_plugin_that_works",
        """
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, system

@system(stage=SystemStage.POST_PROCESSING)
async def from_outside(commands: Commands) -> None: ...

def install(builder):
    builder.add_system(from_outside)
""",
    )
    builder = builder_of(URL)
    builder.load_plugins()
    world = await builder.build()
    assert [plan.name for plan in world.scheduler.systems()] == ["from_outside"]
    await world.close()


def test_a_plugin_that_does_not_load_is_named(install: Install) -> None:
    install("dam_plugin_that_fails", "import nothing_like_that\n")
    with pytest.raises(PluginLoadError) as caught:
        builder_of(URL).load_plugins()
    assert str(caught.value) == (
        "plugin 'dam_plugin_that_fails' cannot be loaded: "
        "ModuleNotFoundError: No module named 'nothing_like_that'"
    )
    assert caught.value.hint == "uninstall or fix it, or run without plugins (--no-plugins)"
    assert caught.value.exit_code is ExitCode.ENVIRONMENT


@dataclass(frozen=True, kw_only=True)
class NewFile(NewEntity):
    """What some import knows."""

    name: str


def is_picture(file: NewFile) -> bool:
    return file.name.endswith(".jpg")


def test_new_entities_are_marked_as_the_rules_say() -> None:
    markers = NewEntityMarkers()
    markers.add(NeedsMetadataExtractionComponent, None)
    markers.add(NeedsContentAnalysisComponent, is_picture)
    text, picture = NewFile(entity_id=1, name="a.txt"), NewFile(entity_id=2, name="a.jpg")
    assert markers.markers_for(text) == [NeedsMetadataExtractionComponent]
    assert markers.markers_for(picture) == [
        NeedsMetadataExtractionComponent,
        NeedsContentAnalysisComponent,
    ]


def test_a_rule_that_raises_is_named() -> None:
    markers = NewEntityMarkers()
    markers.add(NeedsContentAnalysisComponent, is_picture)
    with pytest.raises(PluginFunctionError) as caught:
        markers.markers_for(NewEntity(entity_id=1))
    assert str(caught.value) == (
        f"the rule for NeedsContentAnalysisComponent, 'is_picture' of {__name__} failed: "
        "AttributeError: 'NewEntity' object has no attribute 'name'"
    )
    assert caught.value.exit_code is ExitCode.ENVIRONMENT


async def test_the_rules_are_a_resource_of_the_world() -> None:
    builder = builder_of(URL)
    builder.mark_new(NeedsContentAnalysisComponent, when=is_picture)
    world = await builder.build()
    rules = world.resources.get(NewEntityMarkers)
    assert rules.markers_for(NewFile(entity_id=1, name="")) == []
    await world.close()
