"""A client of PostgreSQL that is suspended in a transaction, and a network that is silent.

Whatever else is started ends within 90 s: with what it was to do where the server can end the other
one, else with 5 and one line. All waits are as they are set by default with `--slow`; without, they
are made shorter in the ways that are open to users.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from dam.errors import ExitCode
from tests.command_line import DamCli, Result, kill_all
from tests.databases import PostgresServer
from tests.faults.state import make_folder
from tests.faults.test_interrupted import assert_stopped, by_each_signal
from tests.proxy import proxied

pytestmark = pytest.mark.slow

_LIMIT_S = 90.0
_STOP_S = 30.0  # it takes about one
_WAITING = """
    SELECT 1 FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database()
"""
_PROJECT = Path(__file__).parents[2]

_SUSPENDED = """
import asyncio, sys
from sqlalchemy import text
from dam.core.config import WorldContext
from dam.core.database.database import Database

async def work():
    database = Database(sys.argv[1], WorldContext(world_name="test", run_id="suspended"))
    async with database.writer() as session:
        for table in ("world_identity", "entities", "component_needs_content_analysis"):
            await session.execute(text(f"LOCK TABLE {table} IN EXCLUSIVE MODE"))
        print("locked", flush=True)
        sys.stdin.readline()

asyncio.run(work())
"""


@pytest.fixture
def url(postgres: PostgresServer, *, is_thorough: bool) -> Iterator[str]:
    url = postgres.create_database(with_schema=True)
    if not is_thorough:
        with psycopg.connect(url) as connection:
            for setting in ("idle_in_transaction_session_timeout = '3s'", "lock_timeout = '1s'"):
                connection.execute(f"ALTER DATABASE {connection.info.dbname} SET {setting}")
    yield url
    postgres.drop_database(url)


@pytest.fixture
def command(dam_cli: DamCli, home: Path, url: str) -> DamCli:
    make_folder(home / "folder")
    return dam_cli.with_settings(DAM_DATABASE_URL=url, DAM_ASSET_STORAGE_PATH="store")


def run_all(command: DamCli, *lines: tuple[str, ...]) -> list[Result]:
    """Return what commands that begin together come to, within the limit."""
    running = [command.start(*line, "--json") for line in lines]
    deadline = time.monotonic() + _LIMIT_S
    found = []
    try:
        for process in running:
            output, said = process.communicate(timeout=deadline - time.monotonic())
            found.append(Result(process.returncode, output.decode(), said.decode()))
    finally:
        for process in running:
            if process.poll() is None:
                kill_all(process)
    return found


@contextmanager
def suspended(url: str) -> Iterator[None]:
    """Have one of our own clients stand still with locks in its hands."""
    with subprocess.Popen(
        [sys.executable, "-c", _SUSPENDED, url],
        cwd=_PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "locked\n"
            process.send_signal(signal.SIGSTOP)
            yield
        finally:
            process.kill()


def test_others_do_not_wait_for_ever_for_a_client_that_is_suspended(
    command: DamCli, url: str
) -> None:
    """Not even for a reset that itself waits for it."""
    assert command("add-asset", "folder/000", "--no-process").returncode == 0
    with suspended(url):
        done = run_all(command, ("process",), ("add-asset", "-r", "folder"), ("status",))
    assert [one.returncode for one in done] == [0, 0, 0], done
    patient = command.with_settings(DAM_DATABASE_URL=f"{url}&options=-c%20lock_timeout%3D0")
    with suspended(url):
        reset = patient.start("setup-db", "--reset", "--yes", "--json")
        (status,) = run_all(command, ("status",))
        reset.communicate(timeout=_LIMIT_S)
    assert reset.returncode == 0
    assert status.returncode in (0, ExitCode.ENVIRONMENT)
    assert "bug" not in status.stderr


def test_who_waits_in_vain_is_told_for_whom(command: DamCli, url: str) -> None:
    """A client of others may be idle for as long as it has set for itself."""
    with psycopg.connect(url, application_name="editor") as holder:
        holder.execute("SET idle_in_transaction_session_timeout = 0")
        holder.execute("LOCK TABLE entities IN EXCLUSIVE MODE")
        (done,) = run_all(command, ("add-asset", "-r", "folder"))
        pid = holder.info.backend_pid
    assert done.returncode == ExitCode.ENVIRONMENT
    (said,) = done.stderr.splitlines()
    error = json.loads(said)
    assert error["error"] == "DatabaseContendedError"
    assert f"open longest: server process {pid} (user dam, editor, idle in" in error["message"]
    assert command("add-asset", "-r", "folder").returncode == 0


@by_each_signal
def test_who_waits_for_a_lock_can_be_stopped(
    command: DamCli, url: str, number: signal.Signals, *, is_thorough: bool
) -> None:
    if number is not signal.SIGTERM and not is_thorough:
        pytest.skip("each takes some seconds; all of them with --slow")
    patient = f"{url}&options=-c%20lock_timeout%3D10min"
    with psycopg.connect(url) as holder, psycopg.connect(url, autocommit=True) as other:
        holder.execute("SET idle_in_transaction_session_timeout = 0")
        holder.execute("LOCK TABLE entities IN EXCLUSIVE MODE")
        process = command.with_settings(DAM_DATABASE_URL=patient).start(
            "add-asset", "-r", "folder", "--json"
        )
        try:
            while not other.execute(_WAITING).fetchone():
                assert process.poll() is None
            process.send_signal(number)
            _, said = process.communicate(timeout=_STOP_S)
        except BaseException:
            kill_all(process)
            raise
    assert_stopped(number, process.returncode, said)


def test_a_command_ends_when_its_network_falls_silent(
    command: DamCli, home: Path, url: str, *, is_thorough: bool
) -> None:
    for number in range(2000):  # so many that it does not get to its end before
        (home / "folder" / f"more {number}").write_bytes(b"%d" % number)
    with proxied(url) as proxy:
        shorter = "" if is_thorough else "&tcp_user_timeout=1000&connect_timeout=2"
        through = command.with_settings(DAM_DATABASE_URL=proxy.url + shorter)
        importing = through.start("add-asset", "-r", "folder", "--jsonl", "--no-process")
        try:
            assert importing.stdout is not None
            assert importing.stdout.readline()
            proxy.fall_silent()
            _, said = importing.communicate(timeout=_LIMIT_S)
        except BaseException:
            kill_all(importing)
            raise
        assert importing.returncode == ExitCode.ENVIRONMENT
        (line,) = said.decode().splitlines()
        error = json.loads(line)
        assert error["error"] == "DatabaseUnreachableError"
        assert "the server did not answer for at least" in error["message"]
        for done in run_all(through, ("process",), ("status",)):
            assert done.returncode == ExitCode.ENVIRONMENT
            assert json.loads(done.stderr)["error"] == "DatabaseUnreachableError"
    assert command("add-asset", "-r", "folder").returncode == 0
