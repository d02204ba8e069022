"""`dam-cli config`, and what other commands say of settings."""

import re
from pathlib import Path

import pytest

from tests.command_line import DamCli

WORLDS = 'default = "scans"\n[worlds.scans]\ndatabase_url = "postgresql://ann:secret@h/d"\n'


@pytest.fixture
def file(home: Path) -> Path:
    path = home / ".config/dam/config.toml"
    path.parent.mkdir(parents=True)
    return path


def test_every_setting_is_shown_with_its_place_and_without_passwords(
    dam_cli: DamCli, file: Path
) -> None:
    file.write_text(WORLDS)
    cli = dam_cli.with_settings(DAM_WORKERS="3")
    shown = {one["name"]: one for one in cli("config", "show", "--json").json}
    assert shown["default"] == {"name": "default", "value": "scans", "origin": str(file)}
    assert shown["workers"] == {"name": "workers", "value": 3, "origin": "environment"}
    assert shown["extra_digests"]["value"] == []
    database = shown["worlds.scans.database_url"]
    assert (database["value"], database["origin"]) == ("postgresql://ann:***@h/d", str(file))
    assert shown["worlds.default.database_url"]["origin"] == "default"
    assert "secret" not in cli("config", "show").stdout


def test_the_path_is_told_whether_or_not_the_file_exists(dam_cli: DamCli, file: Path) -> None:
    assert dam_cli("config", "path").stdout == f"{file}\n"
    file.write_text("broken")
    assert dam_cli("config", "path", "--json").json == {"path": str(file), "exists": True}


def test_edit_makes_the_file_opens_it_and_checks_it(dam_cli: DamCli, home: Path) -> None:
    file = home / ".config/dam/config.toml"
    cli = dam_cli.with_settings(VISUAL='sh -c \'echo "workers = 7" >> "$1"\' -')
    planned = cli("config", "edit", "--dry-run")
    assert (planned.stdout, file.exists()) == (f"would make and open {file}\n", False)
    assert cli("config", "edit").returncode == 0
    assert file.stat().st_mode & 0o777 == 0o600
    shown = {one["name"]: one for one in cli("config", "show", "--json").json}
    assert shown["workers"]["value"] == 7
    again = cli("config", "edit")  # a key that is there twice is no TOML
    assert again.returncode == 5
    assert f"error: {file} is not TOML: Cannot overwrite a value" in again.stderr
    assert file.read_text().count("workers = 7") == 2


def test_the_file_that_edit_makes_explains_every_setting(dam_cli: DamCli, home: Path) -> None:
    file = home / ".config/dam/config.toml"
    dam_cli.with_settings(VISUAL="true")("config", "edit")
    file.write_text(re.sub(r"^#(?=\S)", "", file.read_text(), flags=re.MULTILINE))
    shown = dam_cli("config", "show", "--json").json
    of_default_world = "worlds.default."  # which is there because nothing is set for it
    unset = [one["name"] for one in shown if one["origin"] != str(file)]
    assert [name for name in unset if not name.startswith(of_default_world)] == [
        "worlds.scans.asset_storage_path"  # left out in the example, so that it is the usual one
    ]


def test_an_editor_that_is_missing_is_named(dam_cli: DamCli) -> None:
    done = dam_cli.with_settings(VISUAL="no-such-editor")("config", "edit")
    assert (done.returncode, done.stderr) == (
        5,
        "error: the editor 'no-such-editor' failed: no such file\n"
        "hint: set EDITOR to the command of an editor; `dam-cli config path` names the file\n",
    )


def test_status_and_the_list_of_worlds_say_where_settings_are(dam_cli: DamCli, home: Path) -> None:
    (home / ".env").write_text("DAM_DATABASE_URL=sqlite:///mine.db\n")
    cli = dam_cli.with_settings(DAM_WORKERS="1")
    cli("setup-db")
    (home / "deep").mkdir()
    said = cli("status", cwd=home / "deep").stdout.splitlines()
    assert f"set in {home}/.env: default, worlds.default.database_url" in said
    assert "set in environment: workers" in said
    settings = cli("status", "--json").json["settings"]
    assert {"name": "workers", "value": 1, "origin": "environment"} in settings
    (place,) = cli("list-worlds", "--json").json
    assert place["database_origin"] == place["default_origin"] == f"{home}/.env"
    assert place["storage_origin"] == "default"
    assert cli("list-worlds").stdout.split()[-1] == f"{home}/.env"


def test_hints_name_commands_in_the_world_that_was_given(dam_cli: DamCli) -> None:
    cli = dam_cli.with_settings(
        DAM_WORLDS_CONFIG='{"scans": {"database_url": "sqlite:///scans.db"}}'
    )
    assert cli("status").stderr.endswith("hint: run `dam-cli setup-db`\n")
    assert cli("-w", "scans", "status").stderr.endswith("hint: run `dam-cli -w scans setup-db`\n")
    assert cli("status", "-w", "scans", "--json").error["hint"] == "run `dam-cli -w scans setup-db`"
    cli("-w", "scans", "setup-db")
    (cli.home / "a.txt").write_text("a")
    cli("-w", "scans", "add-asset", "a.txt", "--no-process")
    assert "(`dam-cli -w scans process`)" in cli("status", "--world", "scans").stdout
    assert "(`dam-cli process`)" in cli("status").stdout


def test_a_used_default_world_is_not_hidden_by_others(dam_cli: DamCli) -> None:
    dam_cli("status")  # makes it
    cli = dam_cli.with_settings(DAM_WORLDS_CONFIG='{"scans": {}}')
    assert cli("status", "--json").json["world"] == "default"
    assert [one["name"] for one in cli("list-worlds", "--json").json] == ["scans", "default"]
