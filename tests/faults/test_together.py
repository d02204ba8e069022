"""Several `add-asset` at once, and a `gc` among them: no error, nothing lost, nothing twice."""

import asyncio
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from dam.app import build_world
from dam.core.world import World
from dam.errors import ExitCode
from dam.models import FileLocationComponent
from dam.services.import_service import ImportOptions, import_files
from tests.command_line import DamCli, kill_all
from tests.core.worlds import rows_of
from tests.databases import PostgresServer, world_config
from tests.faults.state import assert_complete, make_folder

pytestmark = pytest.mark.slow

_LIMIT_S = 120.0
_WAITING = re.compile(
    rb"waiting for \d+ assets? that another process has "
    rb"(on lease, at most 60 s if it is gone|locked in the database)"
)


def run_all(processes: list["subprocess.Popen[bytes]"]) -> list[dict[str, str]]:
    """Return what each run told of each path; none may fail."""
    told = []
    for process in processes:
        stdout, stderr = process.communicate(timeout=_LIMIT_S)
        said = [line for line in stderr.splitlines() if not _WAITING.fullmatch(line)]
        assert (process.returncode, said) == (0, [])
        lines = map(json.loads, stdout.splitlines())
        told.append({line["path"]: line["status"] for line in lines})
    return told


async def open_at(url: str, home: Path) -> World:
    config = world_config(
        url,
        storage_url=str(home / "store"),
        cache_path=home / ".cache" / "dam",
        worker_kind="thread",
    )
    return await build_world(config, plugins=False)


@pytest.mark.parametrize("folders", [1, 2])
async def test_four_at_once_add_everything_once(
    dam_cli: DamCli, home: Path, database_url: str, folders: int
) -> None:
    """Two folders hold the same contents: two runs each, or all four on one."""
    settings = {"DAM_DATABASE_URL": database_url, "DAM_ASSET_STORAGE_PATH": "store"}
    command = dam_cli.with_settings(**settings)
    files = [file for number in range(folders) for file in make_folder(home / str(number))]
    told = run_all(
        [command.start("add-asset", "-r", str(n % folders), "--jsonl") for n in range(4)]
    )
    world = await open_at(database_url, home)
    try:
        await assert_complete(world, files)
    finally:
        await world.close()
    contents = {file.read_bytes() for file in files}
    assert sum(status == "added" for one in told for status in one.values()) == len(contents)


def test_two_at_once_make_the_world_on_its_first_use(dam_cli: DamCli, home: Path) -> None:
    files = make_folder(home / "folder")[:5]
    told = run_all([dam_cli.start("add-asset", *files, "--jsonl") for _ in range(2)])
    assert all(one.keys() == set(map(str, files)) for one in told)


async def test_a_copy_of_what_was_referenced_is_located_once(
    postgres: PostgresServer, home: Path
) -> None:
    """Two that add the same bytes to the store at once see that they are not there yet."""
    url = postgres.create_database(with_schema=True)
    worlds = [await open_at(url, home) for _ in range(4)]
    (home / "a").write_bytes(b"a")
    await import_files(worlds[0], [str(home / "a")], ImportOptions(mode="reference"))
    for number in range(20):
        (home / f"copy {number}").write_bytes(b"a")

    await asyncio.gather(
        *(
            import_files(world, [str(home / f"copy {number}")], ImportOptions())
            for number in range(20)
            for world in worlds
        )
    )
    places = await worlds[0].read(rows_of, FileLocationComponent)
    for world in worlds:
        await world.close()
    assert sorted(place.storage for place in places) == ["reference", "store"]


async def test_gc_during_an_import_is_refused_and_harms_nothing(
    dam_cli: DamCli, home: Path, database_url: str
) -> None:
    settings = {"DAM_DATABASE_URL": database_url, "DAM_ASSET_STORAGE_PATH": "store"}
    command = dam_cli.with_settings(**settings)
    (home / "folder").mkdir()
    files = [home / "folder" / f"{number:0>240}" for number in range(300)]
    for number, file in enumerate(files):
        file.write_bytes(b"%d" % number)
    importing = command.start("add-asset", "-r", "folder", "--jsonl")
    try:
        assert importing.stdout is not None
        # Once it tells of files it must wait: its pipe cannot take all the rest.
        first = os.read(importing.stdout.fileno(), 1)
        refused = command("gc", "--json")
        assert importing.poll() is None
        rest, errors = importing.communicate(timeout=_LIMIT_S)
    except BaseException:
        kill_all(importing)
        raise
    assert (refused.returncode, refused.stdout) == (ExitCode.ENVIRONMENT, "")
    assert refused.error["message"] == f"the store {home / 'store'} is in use by an import"
    assert refused.error["hint"] == "try again when it is done"
    assert (importing.returncode, errors) == (ExitCode.OK, b"")
    assert {json.loads(line)["status"] for line in (first + rest).splitlines()} == {"added"}
    assert command("gc", "--json").json["removed"] == 0
    world = await open_at(database_url, home)
    try:
        await assert_complete(world, files)
    finally:
        await world.close()
