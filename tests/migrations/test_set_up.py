"""`set_up` makes, upgrades, empties or refuses a database; `check_schema` says what is wrong."""

import asyncio
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from dam.core.database.database import Database
from dam.core.ecs.components import Base
from dam.errors import (
    DatabaseCorruptError,
    DatabaseError,
    DatabaseLockedError,
    DatabaseOutdatedError,
    DatabaseTooNewError,
    DatabaseUnreachableError,
    ExitCode,
    NotSetUpError,
    ServerTooOldError,
)
from dam.models import SCHEMA_REVISION
from dam.services.schema_service import (
    SetUp,
    check_schema,
    checks,
    migrations,
    migrations_folder,
    set_up,
    setting_up,
)
from tests.core.worlds import CONTEXT
from tests.databases import PostgresServer, world_config
from tests.migrations.populate import populate
from tests.migrations.schemas import (
    drift,
    execute,
    folder_with_made_up_migration,
    rows_of,
    tables_of,
)

PROJECT = Path(__file__).parents[2]
NOW = datetime(2026, 5, 1, 12, 30, 15, 42, tzinfo=UTC)
STAMP = "20260501T123015000042Z"


def check(url: str) -> None:
    async def look() -> None:
        database = Database(url, CONTEXT, busy_timeout_s=0.1)
        try:
            await check_schema(database)
        finally:
            await database.close()

    asyncio.run(look())


def make(url: str) -> None:
    set_up(world_config(url))


def shown(url: str) -> str:
    return Database(url, CONTEXT).safe_url


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program has one more migration than the databases of these tests."""
    folder = folder_with_made_up_migration(tmp_path, SCHEMA_REVISION)
    monkeypatch.setattr(migrations, "migrations_folder", lambda: folder)
    for module in (checks, setting_up):
        monkeypatch.setattr(module, "SCHEMA_REVISION", "9001")


def test_an_empty_database_is_not_set_up(empty_database_url: str) -> None:
    with pytest.raises(NotSetUpError) as caught:
        check(empty_database_url)
    assert str(caught.value) == f"the database {shown(empty_database_url)} is not set up"
    assert caught.value.hint == "run `dam-cli setup-db`"
    assert caught.value.exit_code is ExitCode.ENVIRONMENT


def test_looking_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(NotSetUpError):
        check(f"sqlite:///{tmp_path / 'gone' / 'dam.db'}")
    assert list(tmp_path.iterdir()) == []


def test_a_new_database_is_made_and_then_left_alone(empty_database_url: str) -> None:
    config = world_config(empty_database_url)
    expected = SetUp(
        world="test",
        database=shown(empty_database_url),
        revision=SCHEMA_REVISION,
        created=True,
    )
    assert set_up(config) == expected
    check(empty_database_url)
    before = rows_of(empty_database_url)
    again = set_up(config)
    assert (again.revision, again.created) == (SCHEMA_REVISION, False)
    assert rows_of(empty_database_url) == before


@pytest.mark.slow
def test_two_at_the_same_time_make_one(empty_database_url: str) -> None:
    config = world_config(empty_database_url)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: set_up(config), range(4)))
    assert sorted(each.created for each in done) == [False, False, False, True]
    assert drift(empty_database_url) == []


def test_a_new_file_is_in_wal_mode_in_a_folder_that_is_made(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "dam.db"
    set_up(world_config(f"sqlite:///{file}"))
    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
    assert [path.name for path in file.parent.iterdir()] == ["dam.db"]


def test_a_dry_run_on_nothing_makes_nothing(tmp_path: Path) -> None:
    done = set_up(world_config(f"sqlite:///{tmp_path / 'a' / 'dam.db'}"), dry_run=True)
    assert (done.revision, done.created) == (SCHEMA_REVISION, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("reset", [False, True])
def test_a_dry_run_changes_nothing(database_url: str, *, reset: bool) -> None:
    populate(database_url)
    before = rows_of(database_url)
    done = set_up(world_config(database_url), reset=reset, dry_run=True)
    assert (done.revision, done.created) == (SCHEMA_REVISION, reset)
    assert rows_of(database_url) == before


def test_a_dry_run_leaves_the_file_as_it_is(tmp_path: Path, sqlite_template: Path) -> None:
    file = Path(shutil.copyfile(sqlite_template, tmp_path / "dam.db"))
    plain = sqlite3.connect(file)
    plain.execute("PRAGMA journal_mode = DELETE")
    plain.close()
    before = file.read_bytes()
    set_up(world_config(f"sqlite:///{file}"), reset=True, dry_run=True)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_a_reset_empties_the_world(database_url: str) -> None:
    populate(database_url)
    execute(
        database_url,
        "CREATE TABLE later (id INTEGER PRIMARY KEY, entity_id BIGINT REFERENCES entities (id))",
        "CREATE TABLE component_later (later_id INTEGER REFERENCES later (id))",
        "CREATE TABLE somebody_elses (id INTEGER)",
        "INSERT INTO later VALUES (1, 1)",
        "UPDATE alembic_version SET version_num = '9999'",
    )
    done = set_up(world_config(database_url), reset=True)
    assert (done.revision, done.created) == (SCHEMA_REVISION, True)
    assert tables_of(database_url) == {
        *Base.metadata.tables,
        "alembic_version",
        "somebody_elses",
    }
    filled = {name for name, rows in rows_of(database_url).items() if rows}
    assert filled <= {"alembic_version", "entity_counter", "world_identity"}
    check(database_url)


@pytest.mark.usefixtures("older")
def test_an_older_schema_is_refused_until_it_is_set_up(database_url: str) -> None:
    with pytest.raises(DatabaseOutdatedError) as caught:
        check(database_url)
    assert str(caught.value) == (
        f"the database {shown(database_url)} has schema {SCHEMA_REVISION}; this program needs 9001"
    )
    assert caught.value.hint == (
        "run `dam-cli setup-db`; it saves a copy first"
        if database_url.startswith("sqlite")
        else "save a copy with pg_dump, then run `dam-cli setup-db`"
    )
    done = set_up(world_config(database_url))
    assert (done.revision, done.created) == ("9001", False)
    check(database_url)


def test_a_newer_schema_is_refused_and_kept(database_url: str) -> None:
    execute(database_url, "UPDATE alembic_version SET version_num = '9999'")
    before = rows_of(database_url)
    message = (
        f"the database {shown(database_url)} has schema 9999; "
        f"this program knows up to {SCHEMA_REVISION}"
    )
    for call in (check, lambda url: set_up(world_config(url))):
        with pytest.raises(DatabaseTooNewError) as caught:
            call(database_url)
        assert str(caught.value) == message
        assert caught.value.hint == "a newer version made it: upgrade ecs-dam"
    assert rows_of(database_url) == before


@pytest.mark.parametrize("plugin", ["0000-plugin", "zzzz-plugin"])
def test_the_head_of_a_plugins_branch_beside_ours_harms_nobody(
    database_url: str, plugin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(database_url, f"INSERT INTO alembic_version VALUES ('{plugin}')")  # noqa: S608 - constants
    check(database_url)
    assert set_up(world_config(database_url)).created is False
    newer = folder_with_made_up_migration(tmp_path, SCHEMA_REVISION)
    monkeypatch.setattr(migrations, "migrations_folder", lambda: newer)
    for module in (checks, setting_up):
        monkeypatch.setattr(module, "SCHEMA_REVISION", "9001")
    with pytest.raises(DatabaseOutdatedError, match=f"has schema {SCHEMA_REVISION};"):
        check(database_url)


@pytest.mark.usefixtures("older")
@pytest.mark.parametrize("name", ["dam.db", 'it\'s a % of "ours".db', os.fsdecode(b"caf\xe9.db")])
def test_an_upgrade_saves_a_dated_copy_first(
    tmp_path: Path, sqlite_template: Path, name: str
) -> None:
    file = tmp_path / "w" / name
    file.parent.mkdir()
    shutil.copyfile(sqlite_template, file)
    file.chmod(0o600)
    url = f"sqlite:///{str(file).replace('%', '%25')}"
    populate(url)
    before = rows_of(url)
    set_up(world_config(url), now=NOW)
    copy = file.with_name(f"{name}.{STAMP}.bak")
    assert sorted(path.name for path in file.parent.iterdir()) == sorted([name, copy.name])
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert rows_of(f"sqlite:///{str(copy).replace('%', '%25')}") == before


def test_a_reset_saves_a_copy_too(tmp_path: Path, sqlite_template: Path) -> None:
    file = Path(shutil.copyfile(sqlite_template, tmp_path / "dam.db"))
    populate(f"sqlite:///{file}")
    before = rows_of(f"sqlite:///{file}")
    done = set_up(world_config(f"sqlite:///{file}"), reset=True, now=NOW)
    assert done.saved_copy == Path(f"{file}.{STAMP}.bak")
    assert rows_of(f"sqlite:///{done.saved_copy}") == before


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "dam.db"
    file.write_bytes(b"my shopping list, which is not short" * 1000)
    for reset in (False, True):
        with pytest.raises(DatabaseCorruptError, match="file is not a database"):
            set_up(world_config(f"sqlite:///{file}"), reset=reset)
    assert file.read_bytes().startswith(b"my shopping list")


def test_a_locked_file_is_refused(tmp_path: Path, sqlite_template: Path) -> None:
    file = Path(shutil.copyfile(sqlite_template, tmp_path / "dam.db"))
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseLockedError, match=r"kept it locked for 0\.1 s"):
        set_up(world_config(f"sqlite:///{file}", busy_timeout_s=0.1), reset=True)
    other.close()


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    url = f"sqlite:///{tmp_path}/file/folder/dam.db"
    with pytest.raises(DatabaseUnreachableError) as caught:
        set_up(world_config(url))
    assert str(caught.value) == (
        f"the database {url} failed: its folder cannot be made: a part of the path is not a folder"
    )


def test_a_folder_in_the_place_of_the_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreachableError, match="unable to open database file"):
        set_up(world_config(f"sqlite:///{tmp_path}"))


def test_a_server_that_is_not_there_says_so() -> None:
    url = "postgresql://me:secret@127.0.0.1:1/dam"
    with pytest.raises(DatabaseUnreachableError) as caught:
        set_up(world_config(url))
    assert "postgresql://me:***@127.0.0.1:1/dam failed: connection" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_database_that_is_not_there_says_so(postgres: PostgresServer) -> None:
    url = postgres.create_database(with_schema=False)
    postgres.drop_database(url)
    with pytest.raises(DatabaseUnreachableError, match="does not exist"):
        set_up(world_config(url))


def test_a_user_without_rights_says_so(postgres: PostgresServer) -> None:
    url = postgres.create_database(with_schema=False)
    parsed = make_url(url)
    role = f"guest_of_{parsed.database}"
    guest = parsed.set(username=role, password="guest")  # noqa: S106 - of nothing
    execute(
        url,
        f"CREATE ROLE {role} LOGIN PASSWORD 'guest'",
        "REVOKE CREATE ON SCHEMA public FROM public",
    )
    with pytest.raises(DatabaseError, match="permission denied for schema public"):
        set_up(world_config(guest.render_as_string(hide_password=False)))
    execute(url, f"DROP ROLE {role}")
    postgres.drop_database(url)


async def test_a_newly_made_world_has_an_identity(database_url: str) -> None:
    database = Database(database_url, CONTEXT)
    async with database.reader() as session:
        (identity,) = (await session.scalars(text("SELECT uuid FROM world_identity"))).all()
    await database.close()
    assert len(identity) == 32


def test_a_checkout_has_its_migrations_beside_the_package() -> None:
    assert migrations_folder() == PROJECT / "alembic"


@pytest.mark.slow
def test_a_wheel_has_its_migrations_inside_the_package(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "dam", tmp_path / "dam", ignore=ignored)
    shutil.copytree(PROJECT / "alembic", tmp_path / "dam" / "_alembic", ignore=ignored)
    code = (
        "from tests.databases import world_config\n"
        "from dam.services import schema_service\n"
        "print(schema_service.migrations_folder())\n"
        "print(schema_service.set_up(world_config('sqlite:///dam.db')).created)\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{PROJECT}"}
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(tmp_path / "dam" / "_alembic"), "True"]


def test_a_server_that_is_too_old_is_refused(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.create_database(with_schema=False)
    monkeypatch.setattr(checks, "server_version", lambda _: (14, 11))
    for use in (check, make):
        with pytest.raises(ServerTooOldError) as caught:
            use(url)
        assert caught.value.message == (
            f"the database {shown(url)} is on PostgreSQL 14.11; expected 15 or newer"
        )
        assert caught.value.hint == "upgrade the server, or set DAM_DATABASE_URL to a newer one"
        assert caught.value.exit_code is ExitCode.ENVIRONMENT
    assert tables_of(url) == set()
    postgres.drop_database(url)
