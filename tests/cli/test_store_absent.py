"""Commands of a world whose store is not there: nothing is written, one line says what to do."""

import shutil
from pathlib import Path

import pytest

from tests.command_line import DamCli

pytestmark = pytest.mark.slow

PICTURES = Path(__file__).parents[1] / "assets" / "pictures"


@pytest.fixture
def cli(dam_cli: DamCli) -> DamCli:
    """The command with a world that has two pictures and a text in its store."""
    cli = dam_cli.with_settings(DAM_ASSET_STORAGE_PATH="disk/store")
    for name in ("lake.jpg", "sea.jpg"):
        shutil.copy(PICTURES / name, cli.home)
    (cli.home / "a.txt").write_text("text")
    assert cli("add-asset", "lake.jpg", "sea.jpg", "a.txt").returncode == 0
    return cli


def unmount(home: Path) -> None:
    (home / "disk").rename(home / "aside")
    (home / "disk" / "store").mkdir(parents=True)


def said(home: Path) -> str:
    return (
        f"error: the store is not there: {home}/disk/store does not have any of 3 files "
        "that the database expects in it\n"
        "hint: mount its disk there, or set DAM_ASSET_STORAGE_PATH; "
        "if it is lost for good, run `dam-cli doctor --store-is-lost`\n"
    )


def test_a_store_that_is_not_mounted_is_one_line(cli: DamCli) -> None:
    home = cli.home
    unmount(home)
    (home / "new.txt").write_text("new")

    for command in (
        "add-asset --mode move new.txt",
        "add-asset --dry-run new.txt",
        "add-asset --mode reference new.txt",
        "comic import new.txt",
        "process",
        "retry",
        "remove-asset 1",
        "gc --force",
        "verify",
        "verify --fast",
        "export-asset 1 --output out",
    ):
        done = cli(*command.split())
        assert (done.returncode, done.stderr) == (5, said(home)), command
        assert done.stdout == ""
    assert (home / "new.txt").read_text() == "new"
    assert list((home / "disk" / "store").iterdir()) == []

    assert cli("doctor").returncode == 5
    assert "does not have any of 3 files" in cli("doctor", "--json").json["storage"]["message"]
    for command in ("status", "failures", "show 1", "find-file-by-hash --file a.txt"):
        assert cli(*command.split()).returncode == 0, command


def test_a_lost_store_is_begun_anew_when_told_so(cli: DamCli) -> None:
    home = cli.home
    unmount(home)
    asked = cli("doctor", "--store-is-lost")
    assert (asked.returncode, asked.stderr) == (
        2,
        f"error: cannot ask without a terminal: Start a new store in {home}/disk/store for "
        "world 'default'? The 3 stored files that the database knows then count as missing.\n"
        "hint: add --yes to answer yes\n",
    )
    planned = cli("doctor", "--store-is-lost", "--dry-run", "--json")
    assert (planned.returncode, planned.json["lost_files"]) == (5, 3)
    assert list((home / "disk" / "store").iterdir()) == []

    done = cli("doctor", "--store-is-lost", "--yes", "--json")
    assert (done.returncode, done.json["lost_files"], done.json["ok"]) == (0, 3, True)
    again = cli("doctor", "--store-is-lost", "--yes")
    assert (again.returncode, again.stderr) == (
        2,
        f"error: the store {home}/disk/store is not lost: it is there; nothing was done\n"
        "hint: `dam-cli verify` lists what it lacks; add those files again\n",
    )
    assert len(cli("verify", "--json").json["missing"]) == 3
    assert cli("add-asset", "--rehash", "lake.jpg", "sea.jpg", "a.txt").returncode == 0
    assert cli("verify").returncode == 0


def test_a_store_without_the_mark_of_its_world_gets_it_and_is_told_once(cli: DamCli) -> None:
    shutil.rmtree(cli.home / "disk" / "store" / ".worlds")
    told = (
        "this store had no mark of this world (as after restoring a database); it has been marked\n"
    )
    assert cli("retry", "--dry-run").stderr == ""
    assert cli("verify").stderr == ""
    assert cli("retry").stderr == told
    assert cli("retry").stderr == ""
