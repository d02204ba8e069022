"""`setup-db` makes and upgrades the tables of plugins; without them, every command stops."""

import subprocess
import sys
from pathlib import Path

import pytest

from dam.errors import ExitCode
from tests.command_line import DamCli
from tests.migrations.schemas import execute, rows_of, tables_of
from tests.plugins.notes import CODE, FAILING, FIRST, SECOND, TABLES, uninstall, write_notes

pytestmark = pytest.mark.slow

RESTRICTING = "sa.Column('entity_id', sa.BigInteger, sa.ForeignKey('entities.id'))"


@pytest.fixture
def notes(cli_with_plugins: DamCli, site_packages: Path, empty_database_url: str) -> DamCli:
    """The command with the plugin of revision 0001, and a database without tables."""
    write_notes(site_packages, FIRST)
    return cli_with_plugins.with_settings(DAM_DATABASE_URL=empty_database_url)


def url_of(cli: DamCli) -> str:
    return cli.settings["DAM_DATABASE_URL"]


def recorded(cli: DamCli) -> dict[str, tuple[str, str, str | None]]:
    rows = rows_of(url_of(cli)).get("dam_plugins", [])
    return {row["table_name"]: (row["plugin"], row["revision"], row["system"]) for row in rows}


def test_a_new_world_gets_the_tables_of_its_plugins(notes: DamCli, home: Path) -> None:
    planned = notes("setup-db", "--dry-run", "--json")
    expected = [{"plugin": "dam_notes", "revision": "0001", "created": True}]
    assert planned.json["plugins"] == expected
    assert TABLES.isdisjoint(tables_of(url_of(notes)))
    assert notes("setup-db", "--json").json["plugins"] == expected
    assert tables_of(url_of(notes)) >= TABLES
    assert recorded(notes) == {
        "alembic_version_dam_notes": ("dam_notes", "0001", None),
        "component_notes_needs_note": ("dam_notes", "0001", "take_notes"),
        "component_notes_note": ("dam_notes", "0001", None),
    }
    (home / "a").write_text("a")
    assert notes("add-asset", "a").returncode == ExitCode.OK
    (note,) = rows_of(url_of(notes))["component_notes_note"]
    assert note["text"] == "odd"


def test_a_second_set_up_changes_nothing(notes: DamCli) -> None:
    notes("setup-db")
    before = rows_of(url_of(notes))
    again = notes("setup-db")
    assert again.stdout.splitlines()[1:] == ["plugin 'dam_notes' is up to date: revision 0001"]
    assert rows_of(url_of(notes)) == before


def test_a_plugin_that_comes_later_stops_every_command_until_it_is_set_up(
    notes: DamCli,
) -> None:
    assert notes("--no-plugins", "setup-db", "--json").json["plugins"] == []
    refused = notes("status", "--json")
    assert refused.returncode == ExitCode.ENVIRONMENT
    assert refused.error["error"] == "PluginTablesMissingError"
    assert refused.error["message"].endswith(
        "lacks tables of plugin 'dam_notes': component_notes_needs_note, component_notes_note"
    )
    assert refused.error["hint"] == "run `dam-cli setup-db`, or run without plugins (--no-plugins)"
    for command in (["add-asset", "-r", "."], ["failures"], ["gc"], ["process"]):
        assert notes(*command, "--json").error == refused.error
    assert notes("--help").returncode == ExitCode.OK
    assert notes("--no-plugins", "status").returncode == ExitCode.OK
    done = notes("setup-db", "--json").json
    assert done["plugins"] == [{"plugin": "dam_notes", "revision": "0001", "created": True}]
    assert done["created"] is False
    if url_of(notes).startswith("sqlite"):
        assert TABLES.isdisjoint(tables_of(f"sqlite:///{done['saved_copy']}"))
    assert notes("status").returncode == ExitCode.OK


def test_a_newer_plugin_is_upgraded_with_its_rows(
    notes: DamCli, site_packages: Path, home: Path
) -> None:
    notes("setup-db")
    (home / "a").write_text("a")
    notes("add-asset", "a")
    write_notes(site_packages, FIRST, SECOND)
    refused = notes("status", "--json")
    assert refused.returncode == ExitCode.ENVIRONMENT
    assert refused.error["message"].endswith(
        "has revision 0001 of plugin 'dam_notes'; the installed plugin needs 0002"
    )
    assert refused.error["hint"] == "run `dam-cli setup-db`, or run without plugins (--no-plugins)"
    assert notes("setup-db", "--json").json["plugins"] == [
        {"plugin": "dam_notes", "revision": "0002", "created": False}
    ]
    assert notes("status").returncode == ExitCode.OK
    assert {revision for _, revision, _ in recorded(notes).values()} == {"0002"}
    assert set(recorded(notes)) == {*TABLES, "component_notes_word"}
    (note,) = rows_of(url_of(notes))["component_notes_note"]
    assert note == {"entity_id": 1, "text": "odd", "extra": None}


def test_an_older_plugin_is_refused(notes: DamCli, site_packages: Path) -> None:
    write_notes(site_packages, FIRST, SECOND)
    notes("setup-db")
    write_notes(site_packages, FIRST)
    for command in ("status", "setup-db"):
        refused = notes(command, "--json")
        assert refused.returncode == ExitCode.ENVIRONMENT
        assert refused.error["message"].endswith(
            "has revision 0002 of plugin 'dam_notes'; the installed plugin knows up to 0001"
        )
        assert refused.error["hint"] == (
            "a newer version made it: upgrade the plugin, or run without plugins (--no-plugins)"
        )


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    notes: DamCli, site_packages: Path, home: Path
) -> None:
    notes("setup-db")
    (home / "a").write_text("a")
    notes("add-asset", "a")
    before = rows_of(url_of(notes)), tables_of(url_of(notes))
    write_notes(site_packages, FIRST, FAILING)
    failed = notes("setup-db")
    assert (failed.returncode, failed.stdout) == (ExitCode.ENVIRONMENT, "")
    said, hint = failed.stderr.splitlines()
    assert said.startswith(
        "error: plugin 'dam_notes' cannot be set up, the database is as it was: revision 0002: "
    )
    assert "nowhere" in said
    assert hint == "hint: fix or uninstall it, or leave it out: `dam-cli --no-plugins setup-db`"
    assert (rows_of(url_of(notes)), tables_of(url_of(notes))) == before
    write_notes(site_packages, FIRST, SECOND)
    assert notes("setup-db").returncode == ExitCode.OK


def test_a_first_migration_that_fails_makes_no_world(notes: DamCli, site_packages: Path) -> None:
    write_notes(site_packages, FIRST, FAILING)
    assert notes("setup-db").returncode == ExitCode.ENVIRONMENT
    assert tables_of(url_of(notes)) == set()


@pytest.mark.parametrize(
    ("bodies", "revision", "reason"),
    [
        ([FIRST], "0002", "revision 0002: its migrations end at 0001"),
        ([], None, "there is no folder 'migrations' in the package"),
        (["def upgrade(:\n"], None, "revision 0001: SyntaxError: "),
        (["def upgrade():\n    raise SystemExit(0)\n"], None, "revision 0001: SystemExit: 0"),
        (
            ["def upgrade():\n    op.create_table('notes', sa.Column('id', sa.Integer))\n"],
            None,
            "no table component_notes_needs_note; no table component_notes_note",
        ),
        (
            [FIRST.replace("entity_id()", RESTRICTING)],
            None,
            "component_notes_note.entity_id refers to entities without ON DELETE CASCADE",
        ),
        ([f"{FIRST}    op.get_bind().commit()\n"], None, "a migration may not commit"),
        ([f"{FIRST}    op.execute('commit;')\n"], None, "a migration may not commit"),
        ([f"{FIRST}    op.get_bind().rollback()\n"], None, "a migration may not commit"),
        (
            [f"{FIRST}    from dam.errors import ItemError\n    raise ItemError('of ours')\n"],
            None,
            "revision 0001: ItemError: of ours",
        ),
    ],
    ids=[
        "revision",
        "folder",
        "syntax",
        "exit",
        "tables",
        "keys",
        "commit",
        "statement",
        "rollback",
        "error",
    ],
)
def test_migrations_that_do_not_fit_are_refused(
    notes: DamCli, site_packages: Path, bodies: list[str], revision: str | None, reason: str
) -> None:
    write_notes(site_packages, *bodies, revision=revision)
    failed = notes("setup-db", "--json")
    assert (failed.returncode, failed.error["error"]) == (
        ExitCode.ENVIRONMENT,
        "PluginMigrationError",
    )
    assert reason in failed.error["message"]
    assert tables_of(url_of(notes)) == set()


def test_rows_that_refer_to_nothing_are_refused(notes: DamCli, site_packages: Path) -> None:
    orphan = "    op.execute('INSERT INTO component_notes_note (entity_id, text) VALUES (9, 0)')\n"
    write_notes(site_packages, FIRST + orphan)
    failed = notes("setup-db", "--json")
    assert (failed.returncode, failed.error["error"]) == (
        ExitCode.ENVIRONMENT,
        "PluginMigrationError",
    )
    assert tables_of(url_of(notes)) == set()


def test_tables_of_a_plugin_without_migrations_are_missed(
    notes: DamCli, site_packages: Path
) -> None:
    notes("--no-plugins", "setup-db")
    code = CODE.replace('builder.add_migrations("dam_notes", revision="{revision}")', "pass")
    write_notes(site_packages, code=code)
    for command in ("status", "doctor"):
        refused = notes(command, "--json")
        assert refused.returncode == ExitCode.ENVIRONMENT
        said = refused.json["database"] if command == "doctor" else refused.error
        assert "lacks tables of plugin 'dam_notes': component_notes_needs_note" in said["message"]


def test_a_table_that_was_dropped_is_named(notes: DamCli) -> None:
    notes("setup-db")
    execute(url_of(notes), "DROP TABLE component_notes_note")
    for command in ("status", "setup-db"):
        refused = notes(command, "--json")
        assert refused.returncode == ExitCode.ENVIRONMENT
        assert refused.error["message"].endswith(
            "lacks tables of plugin 'dam_notes': component_notes_note"
        )
        assert "setup-db --drop-plugin dam_notes" in refused.error["hint"]


def test_a_reset_makes_the_tables_of_installed_plugins_anew(
    notes: DamCli, site_packages: Path, home: Path
) -> None:
    notes("setup-db")
    (home / "a").write_text("a")
    notes("add-asset", "a")
    done = notes("setup-db", "--reset", "--yes", "--json").json
    assert done["plugins"] == [{"plugin": "dam_notes", "revision": "0001", "created": True}]
    assert "component_notes_note" not in rows_of(url_of(notes))
    uninstall(site_packages)
    notes("setup-db", "--reset", "--yes")
    assert TABLES.isdisjoint(tables_of(url_of(notes)))
    assert recorded(notes) == {}


def test_the_default_world_has_the_tables_from_its_first_use(
    cli_with_plugins: DamCli, site_packages: Path, home: Path
) -> None:
    write_notes(site_packages, FIRST)
    (home / "a").write_text("a")
    assert cli_with_plugins("add-asset", "a", "--dry-run").returncode == ExitCode.OK
    assert cli_with_plugins("add-asset", "a").returncode == ExitCode.OK
    components = cli_with_plugins("status", "--json").json["components"]
    assert components["NoteComponent"] == 1


def test_a_plugin_that_is_imported_from_a_zip_file_has_its_migrations(
    notes: DamCli, site_packages: Path
) -> None:
    write_notes(site_packages, FIRST, is_zipped=True)
    path = notes.environment["PYTHONPATH"]
    zipped = notes.with_settings(PYTHONPATH=f"{site_packages / 'dam_notes.zip'}:{path}")
    assert zipped("setup-db").returncode == ExitCode.OK
    assert tables_of(url_of(notes)) >= TABLES


def test_ordinary_commands_do_not_import_alembic(notes: DamCli) -> None:
    notes("setup-db")
    code = (
        "import sys\n"
        "from dam.cli.main import main\n"
        "assert main(['status']) == 0\n"
        "assert 'dam_notes' in sys.modules\n"
        "assert not [name for name in sys.modules if name.startswith('alembic')]\n"
    )
    subprocess.run([sys.executable, "-c", code], env=notes.environment, check=True)
