"""The copy that `set_up` saves before it changes a SQLite file: only of a sound one, and whole."""

import os
import shutil
import signal
import sqlite3
import stat
import time
from pathlib import Path

import pytest

from dam.errors import DatabaseCorruptError
from dam.services.schema_service import set_up
from dam.storage.locking import try_lock
from tests.command_line import DamCli
from tests.databases import world_config
from tests.migrations.schemas import with_a_lost_page

BALLAST = """
    CREATE TABLE ballast AS
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50)
    SELECT randomblob(1000000) AS content FROM n
"""
"""So much that its copy takes a moment; nobody's table, so a reset keeps it."""


@pytest.mark.parametrize("is_dry_run", [False, True])
def test_a_malformed_file_is_refused_and_stays_as_it_is(
    home: Path, sqlite_template: Path, *, is_dry_run: bool
) -> None:
    file = with_a_lost_page(sqlite_template, home / "dam.db")
    before = file.read_bytes()
    with pytest.raises(DatabaseCorruptError) as caught:
        set_up(world_config(f"sqlite:///{file}"), reset=True, dry_run=is_dry_run)
    assert caught.value.hint == "restore it from a backup; the stored files are not touched"
    assert [path.name for path in home.iterdir()] == ["dam.db"]
    assert file.read_bytes() == before


@pytest.mark.parametrize("mode", [0o600, 0o660])
def test_a_group_that_shares_the_database_shares_its_copy(
    home: Path, sqlite_template: Path, mode: int
) -> None:
    file = Path(shutil.copyfile(sqlite_template, home / "dam.db"))
    file.chmod(mode)
    before = os.umask(0o077)
    try:
        set_up(world_config(f"sqlite:///{file}"), reset=True)
    finally:
        os.umask(before)
    (copy,) = home.glob("*.bak")
    assert stat.S_IMODE(copy.stat().st_mode) == mode


def test_what_a_killed_process_left_goes_and_what_a_living_one_writes_stays(
    home: Path, sqlite_template: Path
) -> None:
    file = Path(shutil.copyfile(sqlite_template, home / "dam.db"))
    left = home / "dam.db.20260101T000000000000Z.bak.part"
    written = home / "dam.db.20260101T000000000001Z.bak.part"
    others = [home / "other.db.20260101T000000000000Z.bak.part", home / "dam.db.part"]
    for path in (left, written, *others):
        path.write_bytes(b"half")
    with written.open("rb") as held:
        assert try_lock(held.fileno(), is_exclusive=True)
        set_up(world_config(f"sqlite:///{file}"), reset=True, dry_run=True)
        assert left.exists()
        set_up(world_config(f"sqlite:///{file}"), reset=True)
    assert not left.exists()
    assert all(path.exists() for path in (written, *others))


@pytest.mark.slow
def test_killed_while_it_saves_leaves_nothing_that_the_next_run_does_not_clear_away(
    dam_cli: DamCli, home: Path, *, is_thorough: bool
) -> None:
    command = dam_cli.with_settings(DAM_DATABASE_URL=f"sqlite:///{home}/dam.db")
    assert command("setup-db").returncode == 0
    with sqlite3.connect(home / "dam.db") as database:
        database.execute(BALLAST)
    database.close()
    halves = 0
    for delay_ms in range(0, 100, 5) if is_thorough else [30]:
        process = command.start("setup-db", "--reset", "--yes")
        while not any(home.glob("*.part")) and process.poll() is None:
            pass
        time.sleep(delay_ms / 1000)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        halves += any(home.glob("*.part"))
    assert halves
    assert command("setup-db", "--reset", "--yes").returncode == 0
    assert not any(home.glob("*.part"))
    copies = list(home.glob("*.bak"))
    assert copies
    for copy in copies:
        saved = sqlite3.connect(copy)
        assert saved.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert saved.execute("SELECT count(*) FROM ballast").fetchall() == [(50,)]
        saved.close()
