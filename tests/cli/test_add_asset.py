"""`dam-cli add-asset` as its contract says it, in a process of its own."""

import hashlib
import os
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from dam.sync import SyncWorld
from tests.command_line import DamCli
from tests.services.conftest import leave

pytestmark = pytest.mark.slow

ASSETS = Path(__file__).parents[1] / "assets"
PICTURE = ASSETS / "pictures" / "lake.jpg"
LONG_AGO_NS = 1_500_000_000 * 10**9
COUNTS = ("added", "restored", "known", "unchanged", "skipped", "failed")
TRUNCATED = "torn JPEG picture: 56% of it is missing"


@pytest.fixture
def folder(home: Path, sqlite_template: Path) -> Path:
    """A folder to add; the default world is there already, because making it takes time."""
    database = home / ".local" / "share" / "dam" / "default.db"
    database.parent.mkdir(parents=True)
    shutil.copyfile(sqlite_template, database)
    folder = home / "folder"
    folder.mkdir()
    return folder


def old(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))
    return path


def counts(summary: dict[str, Any]) -> dict[str, int]:
    return {status: summary[status] for status in COUNTS if summary[status]}


def failure_of(broken: Path) -> dict[str, object]:
    """Return what the summary lists of the first asset, a picture that ends too early."""
    return {
        "path": str(broken),
        "entity_id": 1,
        "system": "analyse_images",
        "error": "TornPictureError",
        "message": TRUNCATED,
        "hint": None,
    }


def test_the_json_summary_with_failures_that_stay_on_the_second_run(
    dam_cli: DamCli, folder: Path
) -> None:
    picture = old(folder / "lake.jpg", PICTURE.read_bytes())
    old(folder / "twin.jpg", PICTURE.read_bytes())
    broken = old(folder / "broken.jpg", (ASSETS / "broken" / "truncated.jpg").read_bytes())
    failure = failure_of(broken)
    named = f"failed: {broken}: analyse_images: {TRUNCATED}\n"

    first = dam_cli("add-asset", "-r", folder, "--json")
    again = dam_cli("add-asset", "-r", folder, "--json")

    summary = first.json
    assert list(summary) == [
        "world",
        *COUNTS,
        "inherited",
        "left_out",
        "open_failures",
        "size_bytes",
        "elapsed_s",
        "failures",
        "removed_sources",
    ]
    assert (first.returncode, first.stderr) == (3, named)
    assert (summary["world"], summary["open_failures"]) == ("default", 1)
    assert counts(summary) == {"added": 2, "known": 1}
    assert summary["size_bytes"] == picture.stat().st_size + broken.stat().st_size
    assert summary["failures"] == [failure]
    assert (again.returncode, again.stderr) == (3, named)
    assert counts(again.json) == {"unchanged": 3}
    assert (again.json["open_failures"], again.json["size_bytes"]) == (1, 0)
    assert again.json["failures"] == [failure]
    plan = dam_cli("add-asset", "-r", folder, "--json", "--dry-run")
    assert (plan.returncode, counts(plan.json)) == (3, {"unchanged": 3})
    assert plan.json["failures"] == [failure]


def test_a_jsonl_line_for_each_path(dam_cli: DamCli, folder: Path) -> None:
    old(folder / "a", b"a")
    (folder / "link").symlink_to("a")
    result = dam_cli("add-asset", "-r", folder, "missing", "--jsonl")
    missing = str(folder.parent / "missing")
    assert (result.returncode, result.stderr) == (3, f"failed: {missing}: no such file\n")
    nothing = {"entity_id": None, "sha256": None, "inherited_from": None}
    assert sorted(result.jsonl, key=lambda line: line["path"]) == [
        {
            "path": str(folder / "a"),
            "status": "added",
            "entity_id": 1,
            "sha256": hashlib.sha256(b"a").hexdigest(),
            "inherited_from": None,
            "error": None,
            "message": None,
            "hint": None,
        },
        {
            "path": str(folder / "link"),
            "status": "skipped",
            **nothing,
            "error": None,
            "message": "not a regular file but a symbolic link",
            "hint": None,
        },
        {
            "path": missing,
            "status": "failed",
            **nothing,
            "error": "FileAccessError",
            "message": "no such file",
            "hint": None,
        },
    ]


def test_what_is_no_regular_file_is_skipped_and_never_opened(dam_cli: DamCli, folder: Path) -> None:
    old(folder / "a", b"a")
    os.mkfifo(folder / "fifo")
    (folder / "loop").symlink_to(folder)
    server = socket.socket(socket.AF_UNIX)
    server.bind(os.path.relpath(folder / "socket"))
    result = dam_cli("add-asset", "-r", folder, "/dev/null", folder / "loop")
    server.close()
    assert result.returncode == 0
    # A symlink that is named is followed, one below it is not. There is room for six lines.
    assert result.stderr.splitlines() == [
        f"skipped: {folder / 'fifo'}: not a regular file but a FIFO",
        f"skipped: {folder / 'loop' / 'fifo'}: not a regular file but a FIFO",
        f"skipped: {folder / 'loop'}: not a regular file but a symbolic link",
        f"skipped: {folder / 'loop' / 'loop'}: not a regular file but a symbolic link",
        "skipped: 3 others, of 2 more kinds (`--jsonl` lists all)",
    ]
    assert result.stdout.startswith("1 added, 1 known, 7 skipped (1 B new, ")


def test_odd_names_go_in_and_out_byte_by_byte(dam_cli: DamCli, folder: Path) -> None:
    names = [b"-r", b"new\nline", b"\xff\xfe.jpg", b"x" * 255, "写真 .png".encode(), b" "]
    paths = [folder / os.fsdecode(name) for name in names]
    for path in paths:
        old(path, os.fsencode(path.name))
    lines = dam_cli("add-asset", "-r", folder, "--jsonl").jsonl
    assert {line["path"] for line in lines} == set(map(str, paths))
    # Named each by itself: relative, after `--`, and on stdin.
    named = dam_cli("add-asset", "-", "-0", "--json", stdin=b"\0".join(names), cwd=folder)
    assert counts(named.json) == {"unchanged": 6}
    mixed = dam_cli(
        *("add-asset", "--json", "--", "-r", "new\nline", "-"),
        stdin=b"\xff\xfe.jpg\na\0b\0\n",
        cwd=folder,
    )
    assert counts(mixed.json) == {"unchanged": 3, "failed": 1}
    nul = "a path cannot contain a NUL; use -0 for a NUL-separated list"
    assert mixed.stderr == f"failed: {folder}/a\\x00b\\x00: {nul}\n"


def test_a_dry_run_prints_the_plan_and_makes_no_change(dam_cli: DamCli, folder: Path) -> None:
    old(folder / "a", b"a")
    dam_cli("add-asset", folder / "a")
    old(folder / "b", b"b")
    store = {path for path in folder.parent.joinpath(".local").rglob("*") if path.is_file()}
    plan = dam_cli("add-asset", "-r", folder, "--mode", "move", "--dry-run")
    assert plan.returncode == 0
    assert plan.stdout.startswith(
        "would be: 1 added, 1 already stored; would remove 2 sources (1 B new, "
    )
    after = {path for path in folder.parent.joinpath(".local").rglob("*") if path.is_file()}
    assert {path for path in after ^ store if path.suffix not in {".db-wal", ".db-shm"}} == set()
    assert counts(dam_cli("add-asset", "-r", folder, "--json").json) == {"added": 1, "unchanged": 1}


def test_the_modes(dam_cli: DamCli, folder: Path) -> None:
    for name in ("hardlink", "move", "reference"):
        old(folder / name, name.encode())
    assert dam_cli("add-asset", folder / "hardlink", "--mode", "hardlink").returncode == 0
    assert (folder / "hardlink").stat().st_nlink == 2
    assert dam_cli("add-asset", folder / "move", "--mode", "move").returncode == 0
    assert not (folder / "move").exists()
    assert dam_cli("add-asset", folder / "reference", "--no-copy").returncode == 0
    found = dam_cli("find-file-by-hash", hashlib.sha256(b"reference").hexdigest(), "--json").json
    assert found[0]["locations"] == [{"storage": "reference", "path": str(folder / "reference")}]


def test_work_that_was_put_off_is_done_by_the_next_run(dam_cli: DamCli, folder: Path) -> None:
    old(folder / "broken.jpg", (ASSETS / "broken" / "truncated.jpg").read_bytes())
    put_off = dam_cli("add-asset", "-r", folder, "--no-process")
    assert (put_off.returncode, put_off.stderr) == (0, "")
    done = dam_cli("add-asset", "-r", folder)
    assert done.returncode == 3
    assert done.stdout.startswith("1 unchanged; 1 could not be processed (0 B new, ")


@pytest.mark.parametrize("words", [[], ["-r"], ["--recursive"]])
def test_folders_are_gone_into(dam_cli: DamCli, folder: Path, words: list[str]) -> None:
    old(folder / "a", b"a")
    (folder / "below" / "deep").mkdir(parents=True)
    old(folder / "below" / "deep" / "b", b"b")
    given = dam_cli("add-asset", *words, folder)
    assert (given.returncode, given.stderr) == (0, "")
    assert given.stdout.startswith("2 added (2 B new, ")
    on_stdin = dam_cli("add-asset", *words, "-", stdin=os.fsencode(folder))
    assert on_stdin.stdout.startswith("2 unchanged (0 B new, ")


def test_a_move_of_what_is_stored_says_that_the_source_goes(dam_cli: DamCli, folder: Path) -> None:
    paths = [old(folder / name, b"same") for name in ("a", "b", "c")]
    dam_cli("add-asset", paths[0])
    plan = dam_cli("add-asset", "--mode", "move", *paths[:2], "--dry-run")
    assert plan.stdout.startswith("would be: 2 already stored; would remove 2 sources (0 B new, ")
    assert all(path.exists() for path in paths)
    one = dam_cli("add-asset", "--mode", "move", paths[0])
    assert one.stdout.startswith("1 already stored; source removed (0 B new, ")
    two = dam_cli("add-asset", "--mode", "move", *paths[1:], "--json").json
    assert (counts(two), two["removed_sources"]) == ({"known": 2}, 2)
    assert not any(path.exists() for path in paths)


def test_what_others_left_pending_is_worked_off_and_its_failures_are_named(
    dam_cli: DamCli, folder: Path
) -> None:
    broken = old(folder / "broken.jpg", (ASSETS / "broken" / "truncated.jpg").read_bytes())
    named = f"failed: {broken}: analyse_images: {TRUNCATED}\n"
    moved = ("add-asset", "-r", folder, "--mode", "move")
    dam_cli(*moved, "--no-process")
    assert list(folder.iterdir()) == []

    first = dam_cli(*moved)
    dam_cli("retry", "--no-process")
    again = dam_cli(*moved, "--json")
    idle = dam_cli(*moved)

    assert (first.returncode, first.stderr) == (3, named)
    said = "nothing found; ran pending work; 1 could not be processed (0 B new, "
    assert first.stdout.startswith(said)
    assert (again.returncode, again.stderr, counts(again.json)) == (3, named, {})
    assert again.json["open_failures"] == 1
    assert again.json["failures"] == [failure_of(broken)]
    assert (idle.returncode, idle.stderr) == (0, "")
    assert idle.stdout.startswith("nothing found (0 B new, ")


@pytest.mark.parametrize("mode", ["move", "copy"])
def test_a_move_that_was_killed_after_its_commit_is_done_by_the_same_command(
    dam_cli: DamCli, folder: Path, mode: str
) -> None:
    path = old(folder / "a", b"content")
    dam_cli("add-asset", "--no-process", path)
    with SyncWorld() as world:
        world.run(leave, 1, path)
    if mode != "move":  # which would have it stay; and it may have gone before
        path.unlink()
    again = dam_cli("add-asset", "--mode", mode, "--json", path)
    assert (again.returncode, again.stderr, counts(again.json)) == (0, "", {"known": 1})
    assert not path.exists()
