"""The trash, by the real command."""

import os
import zipfile
from pathlib import Path

import pytest

from tests.command_line import DamCli

pytestmark = pytest.mark.slow

PICTURES = Path(__file__).parents[1] / "assets" / "pictures"


@pytest.fixture
def filled(dam_cli: DamCli) -> DamCli:
    """The command with two pictures, 1 and 2."""
    dam_cli("add-asset", PICTURES / "hills.jpg", PICTURES / "hills-half.jpg")
    return dam_cli


def stored_files(cli: DamCli) -> list[Path]:
    store = cli.home / ".local/share/dam/default-storage"
    return [path for path in store.glob("??/??/*") if path.is_file()]


def test_an_asset_goes_into_the_trash_and_comes_back(filled: DamCli) -> None:
    removed = filled("remove-asset", "1", "--json")
    assert (removed.returncode, removed.json["removed"], removed.json["refused"]) == (0, 1, [])
    (row,) = filled("trash", "list", "--json").json
    assert (row["entity_id"], row["name"], row["size_bytes"]) == (
        1,
        "hills.jpg",
        (PICTURES / "hills.jpg").stat().st_size,
    )
    assert filled("trash", "list").stdout.split()[0] == "1"
    assert "in the trash: 1 asset (`dam-cli trash list`)" in filled("status").stdout
    found = filled("find-similar-images", "--entity", "2", "--json")
    assert (found.returncode, found.json) == (1, [])
    for path in stored_files(filled):
        os.utime(path, (0, 0))
    assert filled("gc", "--json").json["removed"] == 0
    assert filled("verify").stdout == "verified 2: 0 damaged, 0 missing\n"
    restored = filled("restore-asset", "1", "--json")
    assert (restored.returncode, restored.json["restored"]) == (0, 1)
    assert filled("trash", "list", "--json").json == []
    assert filled("find-similar-images", "--entity", "2", "--json").json[0]["entity_id"] == 1


def test_people_are_told_what_was_done(filled: DamCli) -> None:
    assert filled("remove-asset", "1", "--dry-run").stdout == "would put 1 asset into the trash\n"
    assert filled("remove-asset", "1").stdout == (
        "put 1 asset into the trash; `dam-cli restore-asset` undoes that\n"
    )
    assert filled("remove-asset", "1").stdout == "all of them are in the trash already\n"
    assert filled("restore-asset", "1", "--dry-run").stdout == "would restore 1 asset\n"
    assert filled("restore-asset", "1").stdout == "restored 1 asset\n"
    assert filled("restore-asset", "1").stdout == "none of them is in the trash\n"
    assert filled("remove-asset", "--query", "no such name").stdout == "nothing found\n"
    assert filled("remove-asset", "1", "--forever").stdout == (
        "removed 1 asset; a later `dam-cli gc` removes the bytes\n"
    )


def test_a_hash_still_finds_what_is_in_the_trash_and_says_so(filled: DamCli) -> None:
    filled("remove-asset", "1")
    result = filled("find-file-by-hash", "--file", PICTURES / "hills.jpg")
    assert result.stdout.split()[0] == "1"
    assert result.stderr == ("1 is in the trash; `dam-cli restore-asset 1` brings it back\n")
    assert filled("find-file-by-hash", "--file", PICTURES / "hills.jpg", "--json").json[0][
        "is_trashed"
    ]


@pytest.mark.parametrize("mode", ["copy", "reference", "hardlink", "move"])
def test_adding_the_bytes_again_restores_the_asset(filled: DamCli, mode: str) -> None:
    copy = filled.home / "again.jpg"
    copy.write_bytes((PICTURES / "hills.jpg").read_bytes())
    filled("remove-asset", "1")
    planned = filled("add-asset", copy, "--mode", mode, "--dry-run", "--json")
    assert planned.json["restored"] == 1
    result = filled("add-asset", copy, "--mode", mode)
    assert result.stdout.startswith("1 restored")
    assert copy.exists() is (mode != "move")
    assert filled("trash", "list", "--json").json == []


def test_the_same_file_in_the_same_place_is_restored_too(filled: DamCli) -> None:
    filled("remove-asset", "1")
    result = filled("add-asset", PICTURES / "hills.jpg", "--jsonl")
    assert (result.jsonl[0]["status"], result.jsonl[0]["entity_id"]) == ("restored", 1)


def test_a_comic_is_removed_restored_and_imported_again(dam_cli: DamCli) -> None:
    with zipfile.ZipFile(dam_cli.home / "Sea 1.cbz", "w") as archive:
        for name in ("hills.jpg", "city.jpg"):
            archive.write(PICTURES / name, name)
    (imported,) = dam_cli("comic", "import", "Sea 1.cbz", "--json").json
    concept, variant = imported["concept_entity_id"], imported["variant_entity_id"]
    assert dam_cli("comic", "remove", str(concept), "--json").json["removed"] == 4
    assert dam_cli("comic", "find", "sea").returncode == 1
    assert dam_cli("find-similar-images", PICTURES / "hills.jpg").returncode == 1
    (again,) = dam_cli("comic", "import", "Sea 1.cbz", "--json").json
    assert (again["status"], again["variant_entity_id"]) == ("restored", variant)
    assert dam_cli("trash", "list", "--json").json == []
    assert len(dam_cli("comic", "pages", str(variant), "--json").json) == 2
    dam_cli("comic", "remove", str(concept))
    assert dam_cli("restore-asset", str(concept), "--json").json["restored"] == 4
    assert dam_cli("comic", "find", "sea").returncode == 0
    forever = dam_cli("remove-asset", str(concept), "--forever", "--json")
    assert (forever.returncode, forever.json["removed"]) == (0, 4)


def test_a_folder_that_is_a_comic_is_restored_by_importing_it(dam_cli: DamCli) -> None:
    folder = dam_cli.home / "Lake 1"
    folder.mkdir()
    for name in ("hills.jpg", "city.jpg"):
        (folder / name).write_bytes((PICTURES / name).read_bytes())
    (imported,) = dam_cli("comic", "import", folder, "--json").json
    dam_cli("comic", "remove", str(imported["concept_entity_id"]))
    (planned,) = dam_cli("comic", "import", folder, "--dry-run", "--json").json
    (again,) = dam_cli("comic", "import", folder, "--json").json
    assert (planned["status"], again["status"]) == ("restored", "restored")
    assert dam_cli("trash", "list", "--json").json == []


def test_the_trash_is_emptied_when_one_agrees(filled: DamCli) -> None:
    filled("remove-asset", "1")
    asked = filled("trash", "empty")
    assert (asked.returncode, filled("trash", "list", "--json").json != []) == (2, True)
    assert filled("trash", "empty", "--older-than", "1h", "--yes").stdout == "removed nothing\n"
    assert filled("trash", "empty", "--dry-run").stdout == "would remove 1 asset\n"
    assert filled("trash", "empty", "--yes", "--json").json["removed"] == 1
    assert filled("show", "1").returncode == 2


@pytest.mark.parametrize("age", ["", "30", "d", "-1d", "1.5d", "30 days", "99999999d"])
def test_what_is_no_age_is_refused(filled: DamCli, age: str) -> None:
    result = filled("trash", "list", "--older-than", age)
    assert (result.returncode, result.stderr) == (
        2,
        f"error: not a valid age: {age!r}\n"
        "hint: give a number and h, d, w or y, such as 30d for 30 days\n",
    )


def test_a_page_in_the_trash_is_not_emptied_and_the_command_says_why(filled: DamCli) -> None:
    filled("add-asset", PICTURES / "city.jpg")
    comic = filled("comic", "create", "Sea", "--json").json["entity_id"]
    assert filled("comic", "link", str(comic), "3", "--force").returncode == 0
    filled("comic", "add-page", "3", "1")
    filled("remove-asset", "1")
    result = filled("trash", "empty", "--yes")
    assert result.returncode == 3
    assert result.stderr == (
        "failed: 1: used by 3 "
        "(put into the trash what uses it, or `dam-cli restore-asset` brings it back)\n"
    )
    assert filled("trash", "list", "--json").json[0]["entity_id"] == 1
