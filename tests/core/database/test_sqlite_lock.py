"""A SQLite file that another process has locked: who it is, and how long it is waited for."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dam.core.database.database import Database
from dam.core.database.sqlite_lock import WaitingConnection, lock_holder
from dam.errors import DatabaseLockedError
from tests.core.worlds import CONTEXT, new_entities

pytestmark = pytest.mark.slow

HOLD = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0)
try:
    for statement in sys.argv[2:]:
        held.execute(statement)
except sqlite3.OperationalError as error:
    sys.exit(str(error))
print("locked", flush=True)
sys.stdin.readline()
"""


def start_holder(file: Path, *statements: str) -> "subprocess.Popen[str]":
    """Start a process that locks a file by statements until it is written a line."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, file, *statements],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def held(file: Path, *statements: str) -> Iterator["subprocess.Popen[str]"]:
    """Have another process lock a file while the block runs."""
    with start_holder(file, *(statements or ["BEGIN IMMEDIATE"])) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        try:
            yield process
        finally:
            process.kill()


def suspend(process: "subprocess.Popen[str]") -> None:
    """Suspend a child process."""
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)


def name_of(process: "subprocess.Popen[str]") -> str:
    """Return the name by which the system knows a process."""
    return Path(f"/proc/{process.pid}/comm").read_text().strip()


@pytest.fixture
def file(tmp_path: Path, sqlite_template: Path) -> Path:
    return Path(shutil.copyfile(sqlite_template, tmp_path / "dam.db"))


async def test_who_waits_in_vain_is_told_for_whom(file: Path) -> None:
    database = Database(f"sqlite:///{file}", CONTEXT, busy_timeout_s=0.05)
    with held(file) as process:
        with pytest.raises(DatabaseLockedError) as caught:
            await database.write(new_entities, 1)
        name = name_of(process)
        assert caught.value.reason == f"process {process.pid} ({name}) kept it locked for 0.05 s"
        assert caught.value.hint == (
            "close the program that has it open, then run the command again"
        )
        suspend(process)
        with pytest.raises(DatabaseLockedError) as caught:
            await database.write(new_entities, 1)
        assert caught.value.reason == (
            f"process {process.pid} ({name}, suspended) kept it locked for 0.05 s"
        )
        assert caught.value.hint == (
            f"resume that process (`kill -CONT {process.pid}`) or end it, "
            "then run the command again"
        )
    assert await database.write(new_entities, 1) == [1]
    await database.close()


@pytest.mark.parametrize("statement", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_the_holder_is_found_in_the_old_mode_too(tmp_path: Path, statement: str) -> None:
    file = tmp_path / "old.db"
    sqlite3.connect(file).execute("CREATE TABLE numbers (i)").connection.close()
    with held(file, statement) as process:
        holder = lock_holder(file)
        assert holder is not None
        assert holder.process_id == process.pid
    assert lock_holder(file) is None


def test_who_only_reads_keeps_nobody_waiting(file: Path) -> None:
    with held(file, "BEGIN", "SELECT count(*) FROM sqlite_master"):
        assert lock_holder(file) is None
    assert lock_holder(file.with_name("not there")) is None


def test_to_ask_who_it_is_gives_no_lock_away(file: Path) -> None:
    ours = sqlite3.connect(file, isolation_level=None)
    ours.execute("BEGIN IMMEDIATE")
    assert lock_holder(file) is None  # for whom else should we wait
    with start_holder(file, "BEGIN IMMEDIATE") as other:
        assert other.communicate() == ("", "database is locked\n")
    ours.close()


async def test_a_lock_is_asked_for_again_and_again(file: Path) -> None:
    database = Database(f"sqlite:///{file}", CONTEXT)
    with held(file) as process:
        ending = threading.Timer(1, process.kill)
        ending.start()
        assert await database.write(new_entities, 1) == [1]
        ending.join()
    await database.close()


def test_right_after_a_wait_in_vain_the_next_one_is_short(file: Path) -> None:
    connection = WaitingConnection(str(file), timeout=30.0)
    assert connection.may_ask_again(since_s=0.0, now_s=29.0)
    assert not connection.may_ask_again(since_s=0.0, now_s=30.1)
    assert connection.may_ask_again(since_s=30.2, now_s=31.1)
    assert not connection.may_ask_again(since_s=30.2, now_s=31.3)
    assert connection.may_ask_again(since_s=90.0, now_s=110.0)
    connection.close()


def test_a_file_is_known_while_a_temporary_one_is_open(file: Path) -> None:
    connection = sqlite3.connect(file, factory=WaitingConnection)
    connection.execute("CREATE TEMP TABLE draft (id INTEGER)")
    assert connection.file() == file
    connection.close()
