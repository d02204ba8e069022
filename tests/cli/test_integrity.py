"""The commands about the bytes that are stored."""

import hashlib
import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dam.storage.locking import exclusive_lock
from tests.command_line import DamCli

pytestmark = pytest.mark.slow


@pytest.fixture
def dam_cli(dam_cli: DamCli, tmp_path: Path) -> DamCli:
    """The command, with a folder for temporary files in which nobody else leaves any."""
    return dam_cli.with_settings(TMPDIR=str(tmp_path))


def stored(cli: DamCli, content: bytes) -> Path:
    digest = hashlib.sha256(content).hexdigest()
    store = cli.home / ".local" / "share" / "dam" / "default-storage"
    return store / digest[:2] / digest[2:4] / digest


def test_damage_and_loss_are_found(dam_cli: DamCli) -> None:
    for content in (b"one", b"two", b"six"):
        (dam_cli.home / content.decode()).write_bytes(content)
    dam_cli("add-asset", "one", "two", "six", "--no-process")
    sound = dam_cli("verify")
    assert (sound.returncode, sound.stdout) == (0, "verified 3: 0 damaged, 0 missing\n")
    stored(dam_cli, b"one").chmod(0o600)
    stored(dam_cli, b"one").write_bytes(b"eno")
    stored(dam_cli, b"two").unlink()
    found = dam_cli("verify", "--json")
    assert found.returncode == 4
    assert found.json == {
        "checked": 3,
        "damaged": [
            {
                "entity_id": 1,
                "sha256": hashlib.sha256(b"one").hexdigest(),
                "names": ["one"],
                "locations": [{"storage": "store", "path": str(stored(dam_cli, b"one"))}],
            }
        ],
        "missing": [
            {
                "entity_id": 2,
                "sha256": hashlib.sha256(b"two").hexdigest(),
                "names": ["two"],
                "locations": [{"storage": "store", "path": None}],
            }
        ],
        "lost": [],
        "not_reachable": [],
        "touched": [],
        "failed": [],
    }
    fast = dam_cli("verify", "--fast")
    assert (fast.returncode, fast.stdout) == (
        4,
        "2  missing  two  store\nverified 3: 0 damaged, 1 missing\n",
    )
    prefix = f"sha256:{hashlib.sha256(b'six').hexdigest()[:10]}"
    assert dam_cli("verify", prefix, "3", "--json").json["checked"] == 1


def test_garbage_goes_after_a_day(dam_cli: DamCli) -> None:
    (dam_cli.home / "a.txt").write_bytes(b"hello")
    dam_cli("add-asset", "a.txt", "--no-process")
    dam_cli("remove-asset", "1", "--forever")
    nothing = {"removed": 0, "freed_bytes": 0, "thumbnails": 0, "archive_copies": 0, "drafts": 0}
    young = dam_cli("gc", "--json").json
    until = datetime.fromisoformat(young.pop("kept_until"))
    assert young == nothing | {"kept": 1, "kept_bytes": 5}
    put_at = stored(dam_cli, b"hello").stat().st_mtime
    assert until.timestamp() == pytest.approx(put_at + 24 * 3600, abs=1)
    assert dam_cli("gc").stdout == (
        "removed 0 contents (0 B) and 0 thumbnails\n"
        "kept 1 content (5 B) that no asset refers to, until "
        f"{until.astimezone():%Y-%m-%d %H:%M} at the latest\n"
    )
    os.utime(stored(dam_cli, b"hello"), (0, 0))
    assert dam_cli("gc", "--dry-run").stdout == "would remove 1 content (5 B) and 0 thumbnails\n"
    assert dam_cli("gc").stdout == "removed 1 content (5 B) and 0 thumbnails\n"
    assert not stored(dam_cli, b"hello").exists()


def test_garbage_of_a_store_with_two_worlds_is_collected_by_force_alone(dam_cli: DamCli) -> None:
    home = dam_cli.home
    shared = dam_cli.with_settings(DAM_ASSET_STORAGE_PATH=str(home / "store"))
    one, two = (
        shared.with_settings(DAM_DATABASE_URL=f"sqlite:///{home / name}.db")
        for name in ("one", "two")
    )
    for cli, name in ((one, "one"), (two, "two")):
        (home / name).write_text(name)
        assert cli("setup-db").returncode == 0
        assert cli("add-asset", name, "--no-process").returncode == 0
    refused = one("gc")
    assert (refused.returncode, refused.stdout) == (5, "")
    assert refused.stderr == (
        f"error: the store {home / 'store'} also holds files of sqlite:///{home / 'two.db'}; "
        f"expected those of sqlite:///{home / 'one.db'} alone\n"
        "hint: give each world its own DAM_ASSET_STORAGE_PATH; run `dam-cli gc --force` "
        "if the other database is gone for good, or is this one under a former name\n"
    )
    nothing = {"removed": 0, "freed_bytes": 0, "thumbnails": 0, "archive_copies": 0, "drafts": 0}
    forced = one("gc", "--force", "--json").json
    kept_until = datetime.fromisoformat(forced.pop("kept_until"))
    left = kept_until - datetime.now(UTC)
    assert timedelta(hours=23) < left <= timedelta(hours=24)
    assert forced == nothing | {"kept": 1, "kept_bytes": 3}
    assert one("gc").returncode == 0


def test_a_world_that_was_reset_leaves_its_store_to_the_next(dam_cli: DamCli) -> None:
    (dam_cli.home / "a.txt").write_bytes(b"hello")
    dam_cli("add-asset", "a.txt", "--no-process")
    assert dam_cli("setup-db", "--reset", "--yes").returncode == 0
    os.utime(stored(dam_cli, b"hello"), (0, 0))
    assert dam_cli("gc").stdout == "removed 1 content (5 B) and 0 thumbnails\n"


def test_an_import_that_waits_for_a_collection_says_so(dam_cli: DamCli) -> None:
    (dam_cli.home / "a.txt").write_bytes(b"hello")
    dam_cli("add-asset", "a.txt", "--no-process")
    (dam_cli.home / "b.txt").write_bytes(b"world")
    store = stored(dam_cli, b"hello").parents[2]
    with exclusive_lock(store / ".lock") as is_held:
        assert is_held
        importer = dam_cli.start("add-asset", "b.txt", "--no-process", "--json")
        assert importer.stderr is not None
        said = importer.stderr.readline()
    stdout, rest = importer.communicate(timeout=60)
    assert (said, rest) == (b"waiting for a `gc` of this store to end\n", b"")
    assert (importer.returncode, json.loads(stdout)["added"]) == (0, 1)


def test_a_drive_that_will_not_come_back_is_forgotten(dam_cli: DamCli) -> None:
    disk = dam_cli.home / "disk"
    disk.mkdir()
    for path in (disk / "a.txt", disk / "b.txt", dam_cli.home / "a.txt"):
        path.write_text(path.name)
    dam_cli("add-asset", "--no-copy", "--no-process", "-r", "disk", "a.txt")
    disk.rename(dam_cli.home / "pulled")
    gone = dam_cli("verify")
    assert (gone.returncode, gone.stdout) == (
        3,
        f"-  not reachable  2 files  {disk} is not there, or empty\n"
        "verified 2: 0 damaged, 0 missing, 2 not reachable\n",
    )
    planned = dam_cli("forget", "disk", "--dry-run")
    assert (planned.returncode, planned.stdout) == (3, "would forget 1 path\n")
    done = dam_cli("forget", "disk", "--json")
    assert (done.returncode, done.json) == (
        3,
        {
            "forgotten": 1,
            "refused": [{"entity_id": 2, "path": str(disk / "b.txt")}],
            "without_content": [],
        },
    )
    assert done.stderr == (
        f"failed: {disk / 'b.txt'}: it is the last place of asset 2 (--force forgets it anyway)\n"
    )
    for number in range(40):
        (disk / f"{number}.txt").parent.mkdir(exist_ok=True)
        (disk / f"{number}.txt").write_text(str(number))
    dam_cli("add-asset", "--no-copy", "--no-process", "disk")
    assert dam_cli("forget", "disk").stderr.splitlines() == [
        "failed: 41 \N{MULTIPLICATION SIGN} it is the last place of asset … "
        "(--force forgets it anyway)",
        *(f"  {disk}/{name}" for name in ("b.txt", "0.txt", "1.txt (and 38 more)")),
    ]
    shutil.rmtree(disk)
    forced = dam_cli("forget", "disk", "--force")
    assert forced.stdout == "forgot 41 paths\n"
    first = ", ".join(map(str, range(2, 22)))
    assert forced.stderr == (
        "assets left without bytes, because they have no other place: "
        f"{first} and 21 more (`forget --json` lists all)\n"
    )
    last = dam_cli("verify").stdout.splitlines()
    assert last[0] == "2   missing  b.txt   -"
    assert last[-1] == "verified 42: 0 damaged, 41 missing"
