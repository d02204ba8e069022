"""The real command makes what it makes for the user alone; the doctor finds what is open."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import DamCli
from tests.conftest import PROJECT

pytestmark = pytest.mark.slow

PICTURES = PROJECT / "tests" / "assets" / "pictures"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes_below(*folders: Path) -> dict[str, str]:
    """Return the rights of everything in folders that others have some on."""
    found = {}
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            if mode_of(path) & 0o077:
                found[str(path)] = f"{mode_of(path):04o}"
    return found


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    """Have everything that says nothing of its rights be for all."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def used(dam_cli: DamCli, home: Path) -> DamCli:
    """The command with a world of which everything has been made."""
    (home / ".local").mkdir()
    assert dam_cli("add-asset", "-r", PICTURES).returncode == 0
    assert dam_cli("find-similar-images", "--entity", "2").returncode == 0
    assert dam_cli("setup-db", "--reset", "--yes").returncode == 0
    assert dam_cli("add-asset", "-r", PICTURES).returncode == 0
    return dam_cli


def test_everything_is_made_for_the_user_alone(used: DamCli, home: Path) -> None:
    data, cache = home / ".local" / "share" / "dam", home / ".cache" / "dam"
    assert len(list(data.glob("default.db.*.bak"))) == 1
    assert list(cache.glob("*/likeness/*/*.block"))
    assert list(cache.glob("*/thumbnails/*/*/*.jpg"))
    stored = list((data / "default-storage").glob("??/??/*"))
    assert {mode_of(path) for path in stored} == {0o400}
    open_ones = modes_below(data, cache)
    assert open_ones == {}
    assert used("doctor", "--json").json["readable_by_others"] == []


def test_while_it_works_the_files_of_sqlite_are_private_too(dam_cli: DamCli, home: Path) -> None:
    names = [f"{number:04}" for number in range(2000)]
    for name in names:
        (home / name).write_text(name)
    process = dam_cli.start("add-asset", *names, "--jsonl")
    assert process.stdout is not None
    process.stdout.readline()
    wal = home / ".local" / "share" / "dam" / "default.db-wal"
    modes = {mode_of(wal), mode_of(wal.with_name("default.db-shm"))}
    process.communicate(timeout=60)
    assert (process.returncode, modes) == (0, {0o600})


def test_the_doctor_tells_and_closes_what_is_open(used: DamCli, home: Path) -> None:
    data, cache = home / ".local" / "share" / "dam", home / ".cache" / "dam"
    (copy,) = data.glob("*.bak")
    files, folders = [data / "default.db", copy], [data, data / "default-storage", cache]
    for path in files:
        path.chmod(0o644)
    for path in folders:
        path.chmod(0o755)
    expected = {str(path): "0644" for path in files} | {str(path): "0755" for path in folders}

    told = used("doctor")
    assert told.returncode == 0
    assert f"readable by others: {data / 'default.db'} (0644)\n" in told.stdout
    assert "  hint: run `dam-cli doctor --fix`, unless a group shares" in told.stdout
    plan = used("doctor", "--fix", "--dry-run", "--json").json["readable_by_others"]
    assert {one["path"]: one["mode"] for one in plan} == expected
    assert {one["is_closed"] for one in plan} == {False}
    assert {mode_of(path) for path in files} == {0o644}

    done = used("doctor", "--fix", "--json").json["readable_by_others"]
    assert {one["path"]: one["is_closed"] for one in done} == dict.fromkeys(expected, True)
    assert {mode_of(path) for path in files} == {0o600}
    assert {mode_of(path) for path in folders} == {0o700}
    assert used("doctor", "--json").json["readable_by_others"] == []
    assert used("status").returncode == 0


def test_a_store_in_a_folder_with_other_things_closes_its_own(dam_cli: DamCli, home: Path) -> None:
    (home / "mine").mkdir()
    (home / "mine" / "letter.txt").write_text("a letter")
    (home / "a").write_text("a")
    cli = dam_cli.with_settings(DAM_ASSET_STORAGE_PATH=str(home / "mine"))
    assert cli("add-asset", "a").returncode == 0
    for shard in (home / "mine").glob("??"):
        shard.chmod(0o755)
    assert cli("doctor", "--fix").returncode == 0
    assert mode_of(home / "mine") == 0o777
    assert {mode_of(shard) for shard in (home / "mine").glob("??")} == {0o700}


def test_an_older_world_that_is_wider_works_on_and_stays_as_it_is(used: DamCli, home: Path) -> None:
    data, cache = home / ".local" / "share" / "dam", home / ".cache" / "dam"
    for folder, _, names in os.walk(cache):
        Path(folder).chmod(0o755)
        for name in names:
            (Path(folder) / name).chmod(0o644)
    (data / "default.db").chmod(0o644)
    shutil.copyfile(PICTURES / "hills.jpg", home / "new.jpg")
    with (home / "new.jpg").open("ab") as file:
        file.write(b"another picture")
    assert used("add-asset", "new.jpg").returncode == 0
    assert mode_of(data / "default.db") == 0o644
    assert mode_of(cache) == 0o755


def test_what_is_written_for_the_user_has_the_rights_that_the_umask_leaves(
    used: DamCli, home: Path
) -> None:
    added = used("add-asset", "--jsonl", sorted(PICTURES.iterdir())[0]).jsonl
    assert used("export-asset", str(added[0]["entity_id"]), "--output", "out").returncode == 0
    (exported,) = (home / "out").iterdir()
    assert (mode_of(home / "out"), mode_of(exported) & 0o044) == (0o777, 0o044)
