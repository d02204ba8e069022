"""Ctrl-C, SIGTERM, SIGHUP: what was finished stays, the same command again goes on."""

import asyncio
import json
import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import build_world
from dam.core.ecs.components import MarkerComponent, component_classes, table_of
from dam.core.world import World
from dam.models import NeedsMetadataExtractionComponent
from dam.storage.locking import exclusive_lock
from tests.command_line import DamCli
from tests.databases import world_config
from tests.faults.forks import workers_of
from tests.faults.state import assert_complete, make_folder
from tests.workers.watch import wait_until_gone

pytestmark = pytest.mark.slow


SAID = {
    signal.SIGINT: (130, "StoppedByUserError", "interrupted"),
    signal.SIGTERM: (143, "TerminatedError", "stopped by SIGTERM"),
    signal.SIGHUP: (129, "HungUpError", "stopped by SIGHUP"),
}
SEVERAL = [
    [signal.SIGINT] * 5,
    [signal.SIGTERM] * 3,
    [signal.SIGINT, signal.SIGTERM, signal.SIGHUP],
    [signal.SIGHUP, signal.SIGHUP, signal.SIGTERM, signal.SIGINT],
]
by_each_signal = pytest.mark.parametrize("number", SAID)


def assert_stopped(number: signal.Signals, code: int, said: bytes) -> None:
    """Assert the exit code and the one JSON value on stderr."""
    expected, error, how = SAID[number]
    message = f"{how}; what was finished stays finished"
    assert json.loads(said) == {"error": error, "message": message, "hint": None}
    assert code == expected


async def count_leased(session: AsyncSession) -> int:
    """Return how many entities a process is working on."""
    table = table_of(NeedsMetadataExtractionComponent)
    held = select(func.count()).where(table.c.lease_token.is_not(None))
    return (await session.scalars(held)).one()


async def assert_no_lease(world: World) -> None:
    """Assert that another process finds nothing that it would have to wait for."""
    for marker in component_classes(MarkerComponent).values():
        table = table_of(marker)
        held = select(table.c.entity_id).where(table.c.lease_token.is_not(None))
        assert (await world.read(AsyncSession.scalars, held)).all() == []


@pytest.fixture
def url(home: Path, sqlite_template: Path) -> str:
    shutil.copyfile(sqlite_template, home / "dam.db")
    return f"sqlite:///{home / 'dam.db'}"


@by_each_signal
async def test_a_signal_ends_it_with_its_code_and_the_next_run_goes_on(
    dam_cli: DamCli, home: Path, url: str, number: signal.Signals
) -> None:
    files = make_folder(home / "folder")
    command = dam_cli.with_settings(DAM_DATABASE_URL=url, DAM_ASSET_STORAGE_PATH="store")
    with command.start("add-asset", "-r", home / "folder", "--jsonl") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        told = [process.stdout.readline()]
        workers = workers_of(process.pid)
        os.killpg(process.pid, number)
        told += process.stdout.readlines()
        said = process.stderr.read()

    assert_stopped(number, process.returncode, said)
    for worker in [*workers, *workers_of(process.pid)]:
        wait_until_gone(worker)

    again = command("add-asset", "-r", home / "folder", "--jsonl")

    finished = {json.loads(line)["path"] for line in told}
    statuses = {line["path"]: line["status"] for line in again.jsonl}
    assert again.returncode == 0
    assert {path: statuses[path] for path in finished} == dict.fromkeys(finished, "unchanged")
    config = world_config(url, storage_url=str(home / "store"), cache_path=home / ".cache" / "dam")
    world = await build_world(config, plugins=False)
    try:
        await assert_complete(world, files)
    finally:
        await world.close()


@pytest.mark.parametrize(
    "numbers", [pytest.param(n, id="-".join(one.name for one in n)) for n in SEVERAL]
)
@pytest.mark.parametrize("apart_s", [0.0, 0.02])
async def test_signals_again_and_again_end_it_no_worse_than_one(
    dam_cli: DamCli,
    home: Path,
    database_url: str,
    numbers: Sequence[signal.Signals],
    apart_s: float,
) -> None:
    make_folder(home / "folder")
    command = dam_cli.with_settings(DAM_DATABASE_URL=database_url, DAM_ASSET_STORAGE_PATH="store")
    process = command.start("add-asset", "-r", home / "folder", "--jsonl")
    assert process.stdout is not None
    process.stdout.readline()
    for number in numbers:
        process.send_signal(number)
        await asyncio.sleep(apart_s)
    _, said = process.communicate(timeout=30)

    # Of signals that come close together, nobody knows which is the first.
    (number,) = (one for one in SAID if SAID[one][0] == process.returncode)
    assert number in numbers
    assert_stopped(number, process.returncode, said)
    assert not [path for path in (home / "store").iterdir() if path.name.startswith(".draft")]
    config = world_config(database_url, storage_url=str(home / "store"))
    world = await build_world(config, plugins=False)
    try:
        await assert_no_lease(world)
    finally:
        await world.close()


@by_each_signal
async def test_whoever_comes_next_waits_for_nothing(
    dam_cli: DamCli, home: Path, database_url: str, number: signal.Signals
) -> None:
    make_folder(home / "folder")
    command = dam_cli.with_settings(DAM_DATABASE_URL=database_url, DAM_ASSET_STORAGE_PATH="store")
    assert command("add-asset", "-r", home / "folder", "--no-process").returncode == 0
    config = world_config(database_url, storage_url=str(home / "store"))
    world = await build_world(config, plugins=False)
    try:
        process = command.start("process", "--json")
        while not await world.read(count_leased):
            assert process.poll() is None
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
        assert_stopped(number, process.returncode, said)
        await assert_no_lease(world)
    finally:
        await world.close()
    again = command("process")
    assert (again.returncode, again.stderr) == (0, "")


@by_each_signal
def test_a_signal_does_not_wait_for_the_end_of_a_large_file(
    dam_cli: DamCli, home: Path, url: str, number: signal.Signals
) -> None:
    """The file is so large that to hash it takes the better part of an hour."""
    names = [f"{number:03}" for number in range(512)]  # a whole batch, so that one is told of
    for name in names:
        (home / name).touch()
    with (home / "large").open("wb") as file:
        file.truncate(4 << 40)
    command = dam_cli.with_settings(DAM_DATABASE_URL=url)
    process = command.start("add-asset", *names, "large", "--no-copy", "--jsonl")
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert_stopped(number, process.returncode, said)


@by_each_signal
@pytest.mark.parametrize("command", [["add-asset"], ["comic", "import", "--extract"]])
def test_a_signal_does_not_wait_for_the_end_of_a_collection(
    dam_cli: DamCli, home: Path, url: str, command: list[str], number: signal.Signals
) -> None:
    (home / "a.cbz").write_bytes(b"hello")
    (home / "store").mkdir(mode=0o700)
    cli = dam_cli.with_settings(DAM_DATABASE_URL=url, DAM_ASSET_STORAGE_PATH="store")
    with exclusive_lock(home / "store" / ".lock") as is_held:
        assert is_held
        process = cli.start(*command, "a.cbz")
        assert process.stderr is not None
        waits = process.stderr.readline()
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    code, _, how = SAID[number]
    assert waits == b"waiting for a `gc` of this store to end\n"
    assert said.decode() == f"error: {how}; what was finished stays finished\n"
    assert process.returncode == code
    assert [path.name for path in (home / "store").iterdir()] == [".lock"]
    with exclusive_lock(home / "store" / ".lock") as is_free:
        assert is_free
