"""A world that was set up with a plugin works without it; what the plugin left can be cleared."""

from pathlib import Path

import pytest

from dam.errors import ExitCode
from tests.command_line import DamCli
from tests.migrations.schemas import execute, rows_of, tables_of
from tests.plugins.notes import CODE, FIRST, TABLES, uninstall, write_notes

pytestmark = pytest.mark.slow

LEFT = {
    "plugin": "dam_notes",
    "revision": "0001",
    "is_loaded": False,
    "tables": {"alembic_version_dam_notes": 1, "component_notes_note": 1},
    "pending": {"component_notes_needs_note": 1},
    "failures": 1,
}
SENTENCE = (
    "plugin 'dam_notes' is not loaded, but has 2 rows, 1 pending and 1 failure "
    "(`dam-cli setup-db --drop-plugin dam_notes` drops them)"
)


@pytest.fixture
def left(
    cli_with_plugins: DamCli, site_packages: Path, empty_database_url: str, home: Path
) -> DamCli:
    """The command after the plugin was uninstalled.

    Asset 1 has a row of the plugin, asset 2 a failure of its system, asset 3 its marker.
    """
    write_notes(site_packages, FIRST)
    cli = cli_with_plugins.with_settings(DAM_DATABASE_URL=empty_database_url)
    for name in ("1", "2", "3"):
        (home / name).write_text(name)
    cli("setup-db")
    assert cli("add-asset", "1", "2").returncode == ExitCode.ITEMS_FAILED
    cli("add-asset", "--no-process", "3")
    assert cli("status", "--json").json["plugins"] == [{**LEFT, "is_loaded": True}]
    assert "plugin" not in cli("status").stdout
    uninstall(site_packages)
    return cli


def url_of(cli: DamCli) -> str:
    return cli.settings["DAM_DATABASE_URL"]


def test_the_world_works_and_deleting_an_asset_deletes_the_plugins_rows(
    left: DamCli, home: Path
) -> None:
    (home / "4").write_text("4")
    assert left("add-asset", "4").returncode == ExitCode.OK
    assert left("process").returncode == ExitCode.OK
    assert left("setup-db").returncode == ExitCode.OK
    for asset in ("1", "3"):
        assert left("remove-asset", asset, "--forever").returncode == ExitCode.OK
    rows = rows_of(url_of(left))
    assert {"component_notes_note", "component_notes_needs_note"}.isdisjoint(rows)


def test_status_and_doctor_name_it(left: DamCli) -> None:
    assert left("status", "--json").json["plugins"] == [LEFT]
    assert SENTENCE in left("status").stdout.splitlines()
    examined = left("doctor", "--json")
    assert (examined.returncode, examined.json["plugins"]) == (ExitCode.OK, [LEFT])
    assert SENTENCE in left("doctor").stdout.splitlines()


def test_its_failures_are_forgotten(left: DamCli, site_packages: Path) -> None:
    retried = left("retry", "--json")
    assert retried.returncode == ExitCode.ITEMS_FAILED
    nothing = {"processed": {}, "failed": 0, "failures": [], "removed_sources": 0}
    assert retried.json == {"marked": 0, "unknown": {"take_notes": 1}, **nothing}
    assert retried.stderr == (
        "failed: 1 of system 'take_notes': this world has no such system now "
        "(install its plugin, or delete them with --forget-unknown)\n"
    )
    planned = left("retry", "--forget-unknown", "--dry-run")
    assert planned.stdout == "would forget 1 failure of system 'take_notes'\n"
    other = left("retry", "--forget-unknown", "--system", "other")
    assert other.stdout == "there is nothing to forget\n"
    write_notes(site_packages, FIRST)
    assert left("retry", "--forget-unknown").stdout == "there is nothing to forget\n"
    refused = left("--no-plugins", "retry", "--forget-unknown")
    assert refused.returncode == ExitCode.USAGE
    uninstall(site_packages)
    forgotten = left("retry", "--forget-unknown", "--json")
    assert forgotten.json == {"marked": 0, "unknown": {}, "forgotten": {"take_notes": 1}}
    assert left("failures", "--json").json == []


def test_its_tables_are_dropped(left: DamCli) -> None:
    before = rows_of(url_of(left))
    asked = left("setup-db", "--drop-plugin", "dam_notes")
    assert asked.returncode == ExitCode.USAGE
    assert asked.stderr.startswith(
        "error: cannot ask without a terminal: Drop all that plugin 'dam_notes' keeps in world"
    )
    planned = left("setup-db", "--drop-plugin", "dam_notes", "--dry-run")
    assert planned.stdout == (
        "would drop 3 tables of plugin 'dam_notes' (3 rows), and 1 failure of its systems\n"
    )
    assert rows_of(url_of(left)) == before
    done = left("setup-db", "--drop-plugin", "dam_notes", "--yes", "--json").json
    assert (done["plugin"], done["failures"]) == ("dam_notes", 1)
    assert done["tables"] == {**LEFT["tables"], **LEFT["pending"]}  # type: ignore[dict-item]  # both are mappings
    assert TABLES.isdisjoint(tables_of(url_of(left)))
    rows = rows_of(url_of(left))
    assert {"dam_plugins", "component_processing_error"}.isdisjoint(rows)
    assert len(rows["component_file_properties"]) == 3
    if url_of(left).startswith("sqlite"):
        assert rows_of(f"sqlite:///{done['saved_copy']}") == before
    assert left("status", "--json").json["plugins"] == []


def test_the_table_of_another_plugin_is_named_with_its_owner(
    left: DamCli, site_packages: Path
) -> None:
    code = CODE.replace("dam_notes", "dam_rival")
    write_notes(site_packages, FIRST, code=code, name="dam_rival")
    refused = left("setup-db", "--json")
    assert refused.returncode == ExitCode.ENVIRONMENT
    assert refused.error["message"].endswith(
        "its table component_notes_needs_note is already that of plugin 'dam_notes'; "
        "`dam-cli setup-db --drop-plugin dam_notes` drops it with its rows"
    )
    uninstall(site_packages, "dam_rival")
    assert left("--no-plugins", "status").returncode == ExitCode.OK


def test_a_plugin_that_is_installed_is_made_anew_after_a_drop(
    left: DamCli, site_packages: Path
) -> None:
    write_notes(site_packages, FIRST)
    execute(url_of(left), "DROP TABLE component_notes_note")
    assert left("setup-db").returncode == ExitCode.ENVIRONMENT
    assert left("setup-db", "--drop-plugin", "dam_notes", "--yes").returncode == ExitCode.OK
    assert left("status").returncode == ExitCode.ENVIRONMENT
    assert left("setup-db").returncode == ExitCode.OK
    assert left("status", "--json").json["components"]["NoteComponent"] == 0


def test_an_unknown_plugin_is_refused_with_the_known_ones(left: DamCli) -> None:
    refused = left("setup-db", "--drop-plugin", "dam_note", "--yes", "--json")
    assert refused.returncode == ExitCode.USAGE
    assert refused.error == {
        "error": "UnknownNameError",
        "message": "no plugin with tables named 'dam_note'; known: dam_notes",
        "hint": "did you mean 'dam_notes'?",
    }
    both = left("setup-db", "--drop-plugin", "dam_notes", "--reset", "--yes")
    assert both.returncode == ExitCode.USAGE


def test_the_doctor_says_what_every_command_says(left: DamCli, site_packages: Path) -> None:
    write_notes(site_packages, FIRST)
    left("setup-db", "--drop-plugin", "dam_notes", "--yes")
    refused = left("status", "--json").error
    examined = left("doctor", "--json")
    assert examined.returncode == ExitCode.ENVIRONMENT
    assert examined.json["database"]["message"] == refused["message"]
    assert examined.json["database"]["hint"] == refused["hint"]
    assert left("--no-plugins", "doctor").returncode == ExitCode.OK


def test_the_doctor_names_a_plugin_that_cannot_be_loaded(left: DamCli, site_packages: Path) -> None:
    write_notes(site_packages, FIRST, code="1 / 0")
    examined = left("doctor", "--json")
    assert examined.returncode == ExitCode.ENVIRONMENT
    assert examined.json["plugin_faults"] == [
        {
            "name": "dam_notes",
            "message": "plugin 'dam_notes' cannot be loaded: ZeroDivisionError: division by zero",
            "hint": "uninstall or fix it, or run without plugins (--no-plugins)",
        }
    ]
    assert "plugin 'dam_notes': FAILED, plugin" in left("doctor").stdout
