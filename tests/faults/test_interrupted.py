"""Ctrl-C: what was finished stays, nothing is left behind, the same command again goes on."""

import asyncio
import json
import os
import shutil
import signal
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import build_world
from dam.core.ecs import MarkerComponent, component_classes, table_of
from dam.storage.locking import exclusive_lock
from tests.command_line import DamCli
from tests.core.executor_watch import wait_until_gone
from tests.databases import world_config
from tests.faults.forks import workers_of
from tests.faults.state import assert_complete, make_folder

pytestmark = pytest.mark.slow


@pytest.fixture
def url(home: Path, sqlite_template: Path) -> str:
    shutil.copyfile(sqlite_template, home / "dam.db")
    return f"sqlite:///{home / 'dam.db'}"


async def test_ctrl_c_ends_it_with_130_and_the_next_run_goes_on(
    dam_cli: DamCli, home: Path, url: str
) -> None:
    files = make_folder(home / "folder")
    command = dam_cli.with_settings(DAM_DATABASE_URL=url, DAM_ASSET_STORAGE_PATH="store")
    with command.start("add-asset", "-r", home / "folder", "--jsonl") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        told = [process.stdout.readline()]
        workers = workers_of(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        told += process.stdout.readlines()
        said = process.stderr.read()

    assert process.returncode == 130
    assert json.loads(said) == {
        "error": "StoppedByUserError",
        "message": "interrupted; what was finished stays finished",
        "hint": None,
    }
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


@pytest.mark.parametrize("presses", [2, 3, 5])
@pytest.mark.parametrize("apart_s", [0.0, 0.002, 0.02])
async def test_ctrl_c_again_and_again_ends_it_no_worse_than_once(
    dam_cli: DamCli, home: Path, database_url: str, presses: int, apart_s: float
) -> None:
    make_folder(home / "folder")
    command = dam_cli.with_settings(DAM_DATABASE_URL=database_url, DAM_ASSET_STORAGE_PATH="store")
    process = command.start("add-asset", "-r", home / "folder", "--jsonl")
    assert process.stdout is not None
    process.stdout.readline()
    for _ in range(presses):
        process.send_signal(signal.SIGINT)
        await asyncio.sleep(apart_s)
    _, said = process.communicate(timeout=30)

    assert process.returncode == 130
    assert json.loads(said)["error"] == "StoppedByUserError"
    assert not [path for path in (home / "store").iterdir() if path.name.startswith(".draft")]
    config = world_config(database_url, storage_url=str(home / "store"))
    world = await build_world(config, plugins=False)
    try:
        for marker in component_classes(MarkerComponent).values():
            table = table_of(marker)
            held = select(table.c.entity_id).where(table.c.lease_token.is_not(None))
            assert (await world.read(AsyncSession.scalars, held)).all() == []
    finally:
        await world.close()


def test_ctrl_c_does_not_wait_for_the_end_of_a_large_file(
    dam_cli: DamCli, home: Path, url: str
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
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert json.loads(said)["error"] == "StoppedByUserError"


@pytest.mark.parametrize("command", [["add-asset"], ["comic", "import", "--extract"]])
def test_ctrl_c_does_not_wait_for_the_end_of_a_collection(
    dam_cli: DamCli, home: Path, url: str, command: list[str]
) -> None:
    (home / "a.cbz").write_bytes(b"hello")
    (home / "store").mkdir(mode=0o700)
    cli = dam_cli.with_settings(DAM_DATABASE_URL=url, DAM_ASSET_STORAGE_PATH="store")
    with exclusive_lock(home / "store" / ".lock") as is_held:
        assert is_held
        process = cli.start(*command, "a.cbz")
        assert process.stderr is not None
        waits = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert waits == b"waiting for a `gc` of this store to end\n"
    assert said == b"error: interrupted; what was finished stays finished\n"
    assert process.returncode == 130
    assert [path.name for path in (home / "store").iterdir()] == [".lock"]
    with exclusive_lock(home / "store" / ".lock") as is_free:
        assert is_free
