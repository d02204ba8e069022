"""A plugin that does not load is named, and can be left out; what does not fit is shown whole."""

import pytest

from dam.errors import ExitCode
from tests.conftest import PROJECT
from tests.plugins.conftest import InstallPlugin

PICTURE = PROJECT / "tests" / "assets" / "pictures" / "ball.jpg"

pytestmark = pytest.mark.slow

HINT = "uninstall or fix it, or run without plugins (--no-plugins)"

FAULTY = [
    ("import nothing_like_that\n", "ModuleNotFoundError: No module named 'nothing_like_that'"),
    ("def other(builder): ...\n", "AttributeError: module 'faulty' has no attribute 'install'"),
    ("def install(builder):\n    1 / 0\n", "ZeroDivisionError: division by zero"),
    ("def install(builder:\n", "SyntaxError: '(' was never closed (faulty.py, line 1)"),
    ("install = None\n", "TypeError: 'NoneType' object is not callable"),
    ("raise SystemExit('bye')\n", "SystemExit: bye"),
]


@pytest.mark.parametrize(("source", "said"), FAULTY, ids=[said[:9] for _, said in FAULTY])
def test_a_plugin_that_does_not_load_is_named(
    install_plugin: InstallPlugin, source: str, said: str
) -> None:
    cli = install_plugin("faulty", source)
    done = cli("status", "--json")
    assert done.returncode == ExitCode.ENVIRONMENT
    assert done.error == {
        "error": "PluginLoadError",
        "message": f"plugin 'faulty' cannot be loaded: {said}",
        "hint": HINT,
    }


def test_the_command_works_without_plugins(install_plugin: InstallPlugin) -> None:
    cli = install_plugin("faulty", "import nothing_like_that\n")
    assert cli("--no-plugins", "status").returncode == ExitCode.OK


def test_a_database_is_set_up_whatever_the_plugins(install_plugin: InstallPlugin) -> None:
    cli = install_plugin("faulty", "import nothing_like_that\n")
    assert cli("setup-db").returncode == ExitCode.OK


UNFIT = """\
from dam.core.systems.params import MarkedEntityList, Resource
from dam.core.systems.declaration import SystemStage, system
from dam.models import NeedsMetadataExtractionComponent

@system(stage=SystemStage.POST_PROCESSING)
async def unannotated(session): ...

@system(stage=SystemStage.POST_PROCESSING)
async def rival(assets: MarkedEntityList[NeedsMetadataExtractionComponent]): ...

@system(stage=SystemStage.POST_PROCESSING)
async def greedy(text: Resource[bytes]): ...

def install(builder):
    builder.add_system(unannotated)
    builder.add_system(rival)
    builder.add_system(greedy)
"""


WILD = """\
import asyncio, sys
from dam.core.systems.commands import Commands
from dam.core.systems.params import MarkedEntityList
from dam.core.systems.declaration import SystemStage, system
from dam.models import NeedsContentAnalysisComponent

@system(stage=SystemStage.POST_PROCESSING)
async def wild(commands: Commands) -> None:
    {deed}

def is_wanted(asset):
    return {answer}

def install(builder):
    builder.add_system(wild)
    builder.mark_new(NeedsContentAnalysisComponent, when=is_wanted)
"""
REPAIR = "fix it, or run without plugins (--no-plugins); --debug shows the traceback"


@pytest.mark.parametrize(
    ("deed", "answer", "said"),
    [
        ("1 / 0", "False", "system 'wild' of wild failed: ZeroDivisionError: division by zero"),
        (
            "sys.exit(0)",
            "False",
            "system 'wild' of wild failed: SystemAbortedError: the system raised SystemExit: 0",
        ),
        (
            "pass",
            "asset.nope",
            "the rule for NeedsContentAnalysisComponent, 'is_wanted' of wild failed: "
            "AttributeError: 'NewAsset' object has no attribute 'nope'",
        ),
    ],
)
def test_what_a_plugin_raises_is_named(
    install_plugin: InstallPlugin, deed: str, answer: str, said: str
) -> None:
    cli = install_plugin("wild", WILD.format(deed=deed, answer=answer))
    done = cli("add-asset", PICTURE, "--json")
    assert (done.returncode, done.stdout) == (ExitCode.ENVIRONMENT, "")
    assert done.error == {"error": "PluginFunctionError", "message": said, "hint": REPAIR}
    assert cli("--no-plugins", "add-asset", PICTURE).returncode == ExitCode.OK


def test_a_task_that_ends_the_program_is_no_success(install_plugin: InstallPlugin) -> None:
    cli = install_plugin(
        "wild",
        WILD.format(deed="await asyncio.create_task(leave())", answer="False")
        + "\nasync def leave():\n    sys.exit(0)\n",
    )
    done = cli("process", "--json")
    assert (done.returncode, done.stdout) == (ExitCode.BUG, "")
    assert done.error["message"] == "this is a bug in dam: SystemExit: 0"


READS = """\
import asyncio, sys
from sqlalchemy import text
from dam.core.systems.commands import Commands
from dam.core.systems.params import Resource
from dam.core.systems.declaration import SystemStage, system
from dam.core.world import World

COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200000) {end}"

@system(stage=SystemStage.POST_PROCESSING)
async def wild(commands: Commands, world: Resource[World]) -> None:
    begun = asyncio.Event()

    async def count(session):
        begun.set()
        await session.execute(text(COUNT.format(end="SELECT max(i) FROM n")))

    async def leave():
        await begun.wait()
        sys.exit(0)

    reading = asyncio.create_task(world.read(count))
    try:
        await asyncio.create_task(leave())
    finally:
        await asyncio.gather(reading, return_exceptions=True)

def install(builder):
    builder.add_system(wild)
"""


def test_a_task_that_ends_the_program_leaves_no_read_half_way(
    install_plugin: InstallPlugin,
) -> None:
    """Its connection would be found by the garbage collector, which says so on stderr."""
    done = install_plugin("wild", READS)("process", "--json")
    assert (done.returncode, done.stdout) == (ExitCode.BUG, "")
    assert done.error["message"] == "this is a bug in dam: SystemExit: 0"


def test_all_that_does_not_fit_is_shown_with_its_place(install_plugin: InstallPlugin) -> None:
    cli = install_plugin("unfit", UNFIT)
    done = cli("status")
    assert done.returncode == ExitCode.ENVIRONMENT
    first, *faults, hint = done.stderr.splitlines()
    assert first == "error: the world cannot be built, 3 faults"
    place = cli.environment["PYTHONPATH"].split(":")[0] + "/unfit.py"
    menu = (
        "a system may ask for WorldSession, WorldReader, Commands, WorldConfig, WorldContext, "
        "Resource[T], MarkedEntityList[Marker], Components[Kind]"
    )
    assert faults == [
        f"  {place}:5: unannotated: parameter 'session' has no annotation; {menu}",
        f"  {place}:11: greedy: parameter 'text' asks for bytes, which no plugin provides; "
        "add it: builder.add_resource(bytes, …)",
        f"  {place}:8: rival: it works on NeedsMetadataExtractionComponent, and so does "
        "extract_metadata; give each system a marker of its own",
    ]
    assert hint == "hint: fix the faults listed, or run without plugins (--no-plugins)"


TABLES = """\
from dam.core.prelude import Component, Mapped, MultiComponent, mapped_column
from sqlalchemy import ForeignKey

class WordComponent(MultiComponent, kw_only=True):
    __tablename__ = "component_misfit_word"

class NoteComponent(Component, kw_only=True):
    __tablename__ = "component_misfit_note"
    other_id: Mapped[int] = mapped_column(ForeignKey("entities.id", ondelete="SET NULL"))
    word_id: Mapped[int] = mapped_column(ForeignKey("component_misfit_word.id"))

def install(builder):
    builder.add_migrations("misfit.models", revision="0001")
"""


def test_keys_that_keep_entities_from_being_deleted_are_faults(
    install_plugin: InstallPlugin,
) -> None:
    cli = install_plugin("misfit", TABLES)
    place = cli.environment["PYTHONPATH"].split(":")[0] + "/misfit.py"
    hint = 'write ForeignKey(…, ondelete="CASCADE")'
    for command in ("status", "setup-db"):
        done = cli(command)
        assert done.returncode == ExitCode.ENVIRONMENT
        assert done.stderr.splitlines() == [
            "error: the world cannot be built, 3 faults",
            f"  {place}:13: install: add_migrations is given 'misfit.models', which is not the "
            "name of a plugin; give the name of your top-level package, at most 40 characters",
            f"  {place}:7: NoteComponent: component_misfit_note.other_id refers to entities.id "
            f"with ON DELETE SET NULL; expected CASCADE; {hint}",
            f"  {place}:7: NoteComponent: component_misfit_note.word_id refers to "
            f"component_misfit_word.id with ON DELETE NO ACTION; expected CASCADE; {hint}",
            "hint: fix the faults listed, or run without plugins (--no-plugins)",
        ]
    assert cli("--no-plugins", "setup-db").returncode == ExitCode.OK


TABLE = """\
from dam.core.prelude import Component

class {name}(Component, kw_only=True):
    __tablename__ = "{table}"

def install(builder): ...
"""


@pytest.mark.parametrize(
    ("table", "owner"),
    [
        ("component_notes", "first.FirstComponent"),
        (
            "component_file_properties",
            "dam.models.properties.file_properties_component.FilePropertiesComponent",
        ),
    ],
    ids=["plugin", "dam"],
)
def test_a_table_that_another_package_has_is_named_with_its_owner(
    install_plugin: InstallPlugin, table: str, owner: str
) -> None:
    install_plugin("first", TABLE.format(name="FirstComponent", table="component_notes"))
    cli = install_plugin("second", TABLE.format(name="SecondComponent", table=table))
    done = cli("status", "--json")
    assert done.returncode == ExitCode.ENVIRONMENT
    assert done.error == {
        "error": "PluginLoadError",
        "message": f"plugin 'second' cannot be loaded: its table {table!r} is already that of "
        f"{owner}; expected a name that begins with `component_` and the name of the plugin",
        "hint": HINT,
    }
    done = cli("setup-db")
    assert (done.returncode, done.stderr) == (
        ExitCode.OK,
        f"left out: plugin 'second' cannot be loaded: its table {table!r} is already that of "
        f"{owner}; expected a name that begins with `component_` and the name of the plugin\n",
    )
