"""`add-asset` where the database or the settings are not as needed: exit 5, one line, a hint."""

import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from dam.models import SCHEMA_REVISION
from tests.command_line import DamCli

pytestmark = pytest.mark.slow


def corrupt(database: Path, template: Path) -> None:
    content = bytearray(template.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    database.write_bytes(content)


def make_no_database(database: Path, _template: Path) -> None:
    database.write_bytes(b"no database at all, but a file of some length" * 100)


def make_newer(database: Path, template: Path) -> None:
    shutil.copyfile(template, database)
    connection = sqlite3.connect(database)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()


def leave_out(_database: Path, _template: Path) -> None:
    """Nothing is there."""


def drop_table(database: Path, template: Path) -> None:
    shutil.copyfile(template, database)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("DROP TABLE component_file_location")


def make_folder(database: Path, _template: Path) -> None:
    database.mkdir()


@pytest.mark.parametrize(
    ("spoil", "message", "hint"),
    [
        (
            corrupt,
            "{} failed: database disk image is malformed",
            "restore it from a backup; the stored files are not touched",
        ),
        (
            make_no_database,
            "{} failed: file is not a database",
            "restore it from a backup; the stored files are not touched",
        ),
        (
            make_newer,
            f"{{}} has schema 9999; this program knows up to {SCHEMA_REVISION}",
            "a newer version made it: upgrade ecs-dam",
        ),
        (
            drop_table,
            f"{{}} lacks tables of its schema {SCHEMA_REVISION}: component_file_location",
            "restore it from a backup; the stored files are not touched",
        ),
        (leave_out, "{} is not set up", "run `dam-cli setup-db`"),
        (
            make_folder,
            "{} failed: unable to open database file",
            "check DAM_DATABASE_URL, and that its folder exists and is writable",
        ),
    ],
)
def test_a_database_that_cannot_be_used(
    dam_cli: DamCli,
    home: Path,
    sqlite_template: Path,
    spoil: Callable[[Path, Path], None],
    message: str,
    hint: str,
) -> None:
    database, picture = home / "dam.db", home / "a"
    picture.write_bytes(b"a")
    spoil(database, sqlite_template)
    before = {path.name for path in home.iterdir()}
    url = f"sqlite:///{database}"
    result = dam_cli.with_settings(DAM_DATABASE_URL=url)("add-asset", picture)
    assert (result.returncode, result.stdout) == (5, "")
    said = message.format(f"the database {url}")
    assert result.stderr == f"error: {said}\nhint: {hint}\n"
    assert {path.name for path in home.iterdir()} == before


def test_a_server_that_is_not_there_is_named_without_the_password(
    dam_cli: DamCli, home: Path
) -> None:
    url = "postgresql://me:secret@127.0.0.1:1/dam"
    result = dam_cli.with_settings(DAM_DATABASE_URL=url)("add-asset", home / "a", "--json")
    assert (result.returncode, result.stdout) == (5, "")
    assert "secret" not in result.stderr
    assert result.error["error"] == "DatabaseUnreachableError"
    assert result.error["message"].startswith(
        "the database postgresql://me:***@127.0.0.1:1/dam failed: "
    )
    assert result.error["hint"] == "check DAM_DATABASE_URL, and that the server is running"


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        (
            {"DAM_WORKERS": "many"},
            "DAM_WORKERS is 'many'; expected a number from 1 to 256, such as 4",
            None,
        ),
        (
            {"DAM_DATABSE_URL": "sqlite:///x.db"},
            "unknown setting DAM_DATABSE_URL in the environment",
            "did you mean 'DAM_DATABASE_URL'?",
        ),
        (
            {"DAM_DATABASE_URL": "postgresql://ann:p4ss@w0rd/secret@127.0.0.1:1/photos"},
            "DAM_DATABASE_URL is 'postgresql://ann:***@127.0.0.1:1/photos'; "
            "expected one @, between the password and the host",
            "write an @ in a name, password or option as %40",
        ),
        (
            {"DAM_DATABASE_URL": "sqlite:///x.db?timeout=abc"},
            "DAM_DATABASE_URL is 'sqlite:///x.db?timeout=abc'; expected no options after the file",
            "remove the ? and what follows it; write a ? in the file's name as %3F",
        ),
        (
            {"DAM_ASSET_STORAGE_PATH": "ftp://host/store"},
            "no content store for ftp:// addresses; known: a folder, file://",
            "set DAM_ASSET_STORAGE_PATH to a folder",
        ),
    ],
)
def test_malformed_settings_are_named(
    dam_cli: DamCli, home: Path, settings: dict[str, str], message: str, hint: str | None
) -> None:
    result = dam_cli.with_settings(**settings)("add-asset", home / "a", "--json")
    assert result.returncode == 5
    assert (result.error["message"], result.error["hint"]) == (message, hint)


def test_a_line_of_the_settings_file_that_is_not_understood_stops_all(
    dam_cli: DamCli, home: Path
) -> None:
    (home / "a").write_bytes(b"a")
    (home / ".env").write_text(
        'DAM_DATABASE_URL="sqlite:///mine.db\nDAM_ASSET_STORAGE_PATH=store\n'
    )
    result = dam_cli("add-asset", "a")
    assert (result.returncode, result.stdout) == (5, "")
    assert result.stderr == (
        "error: line 1 of .env is not understood; expected NAME=value\n"
        "hint: check that each quote is closed; # begins a comment\n"
    )
    assert {path.name for path in home.iterdir()} == {"a", ".env"}


def test_a_store_in_the_place_of_a_file_stops_all(dam_cli: DamCli, home: Path) -> None:
    (home / "store").write_bytes(b"")
    (home / "a").write_bytes(b"a")
    result = dam_cli.with_settings(DAM_ASSET_STORAGE_PATH="store")("add-asset", "a")
    assert (result.returncode, result.stdout) == (5, "")
    assert result.stderr == (
        f"error: the store {home / 'store'} is not usable: file exists\n"
        "hint: check the disk and DAM_ASSET_STORAGE_PATH\n"
    )


def test_a_reader_that_goes_away_ends_it_without_a_word(dam_cli: DamCli, home: Path) -> None:
    for number in range(3000):
        (home / str(number)).write_bytes(b"")
    names = "\n".join(map(str, range(3000))).encode()
    process = dam_cli.start("add-asset", "-", "--jsonl")
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdin.write(names)
    process.stdin.close()
    assert json.loads(process.stdout.readline())["status"] == "added"
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 141
    database = home / ".local" / "share" / "dam" / "default.db"
    assert stat.S_ISREG(database.stat().st_mode)
    connection = sqlite3.connect(database)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
