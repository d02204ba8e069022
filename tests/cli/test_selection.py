"""What `add-asset` and `comic import` leave out of folders, and how they tell it."""

import zipfile
from pathlib import Path

import pytest

from tests.command_line import DamCli

ASSETS = Path(__file__).parents[1] / "assets" / "pictures"


@pytest.fixture
def photos(home: Path) -> Path:
    folder = home / "photos"
    for name in ("a.txt", "b.TXT", "c.tmp", "@eaDir/a.txt", ".git/config", "raw/d.txt"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (folder / ".damignore").write_text("*.tmp\n")
    return folder


def test_what_is_left_out_is_counted_by_rule(dam_cli: DamCli, photos: Path) -> None:
    said = dam_cli("add-asset", "-r", photos, "--no-process", "--exclude", "raw/").stdout
    assert said.splitlines()[0].startswith("2 added ")
    assert said.splitlines()[1:] == [
        "left out: 1 by .git, 1 by @eaDir, 1 by .damignore *.tmp, 1 by --exclude raw/"
    ]
    summary = dam_cli("add-asset", "-r", photos, "--no-process", "--json").json
    assert (summary["added"], summary["unchanged"], summary["skipped"]) == (1, 2, 0)
    assert summary["left_out"] == {".git": 1, "@eaDir": 1, ".damignore *.tmp": 1}


def test_options_say_what_is_taken(dam_cli: DamCli, photos: Path) -> None:
    def taken(*options: str) -> set[str]:
        shown = dam_cli("add-asset", "-r", photos, "--no-process", "--dry-run", "--jsonl", *options)
        return {Path(line["path"]).relative_to(photos).as_posix() for line in shown.jsonl}

    assert taken("--ext", "jpg,txt") == {"a.txt", "b.TXT", "raw/d.txt"}
    assert taken("--exclude", "*.TXT", "--exclude", "/raw") == {"a.txt"}
    assert ".git/config" in taken("--no-default-excludes")
    (photos / "raw/.nomedia").touch()
    assert "raw/d.txt" in taken()
    assert "raw/d.txt" not in taken("--respect-nomedia")


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--exclude", "!", "not a valid pattern: '!'"),
        ("--ext", "jpg,", "--ext is ''; expected the ending of names, such as jpg"),
        ("--ext", "*.jpg", "--ext is '*.jpg'; expected the ending of names, such as jpg"),
    ],
)
def test_what_is_no_rule_is_wrong_usage(
    dam_cli: DamCli, photos: Path, option: str, value: str, message: str
) -> None:
    done = dam_cli("add-asset", "-r", photos, option, value)
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, f"error: {message}")


def test_comics_are_found_by_the_same_rules(dam_cli: DamCli, home: Path) -> None:
    library = home / "library"
    for name in ("One/1.jpg", "One/@eaDir/1.jpg", ".Trash-1000/files/1.jpg"):
        path = library / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((ASSETS / "hills.jpg").read_bytes())
    with zipfile.ZipFile(library / "Old 001.cbz", "w") as archive:
        archive.write(ASSETS / "hills.jpg", "1.jpg")
    said = dam_cli("comic", "import", "-r", library, "--no-process", "--exclude", "Old *")
    assert said.stdout.splitlines()[-1] == "1 added"
    left_out = "left out: 1 by .Trash-*, 1 by --exclude Old *, 1 by @eaDir"
    assert f"skipped: {library}: {left_out}" in said.stderr.splitlines()
    told = dam_cli("comic", "import", "-r", library, "--no-process", "--json").json
    assert [(one["status"], one["left_out"]) for one in told] == [
        ("added", {}),
        ("unchanged", {}),
        ("skipped", {".Trash-*": 1, "@eaDir": 1}),
    ]
