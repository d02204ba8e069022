"""The commands on assets that are there: what they print, and how they end."""

import hashlib
import os
from pathlib import Path

import pytest
from PIL import Image

from tests.command_line import DamCli

pytestmark = pytest.mark.slow

ASSETS = Path(__file__).parents[1] / "assets"
ODD = b"caf\xe9\n.txt"
PICTURES = ("hills.jpg", "hills-turned-90.jpg", "hills-half.jpg", "city.jpg")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> DamCli:
    """The command with four pictures, a text and a broken picture added, in this order."""
    cli = DamCli(tmp_path_factory.mktemp("filled"))
    pictures = [ASSETS / "pictures" / name for name in PICTURES]
    (cli.home / os.fsdecode(ODD)).write_bytes(b"hello")
    for group in (pictures, [cli.home / os.fsdecode(ODD)], [ASSETS / "broken" / "truncated.jpg"]):
        cli("add-asset", *group)
    return cli


def sha256(name: str) -> str:
    return hashlib.sha256((ASSETS / "pictures" / name).read_bytes()).hexdigest()


def test_an_asset_is_found_by_the_hash_of_its_bytes(filled: DamCli) -> None:
    digest = sha256("hills.jpg")
    result = filled("find-file-by-hash", digest.upper(), "--json")
    (found,) = result.json
    stored = filled.home / ".local/share/dam/default-storage" / digest[:2] / digest[2:4] / digest
    assert found == {
        "entity_id": found["entity_id"],
        "sha256": digest,
        "mime_type": "image/jpeg",
        "size_bytes": (ASSETS / "pictures" / "hills.jpg").stat().st_size,
        "names": ["hills.jpg"],
        "locations": [{"storage": "store", "path": str(stored)}],
        "is_trashed": False,
    }
    assert stored.is_file()
    people = filled("find-file-by-hash", f"sha256:{digest[:9]}")
    assert people.stdout.split()[:2] == [str(found["entity_id"]), "image/jpeg"]
    assert (result.returncode, people.returncode) == (0, 0)


def test_an_asset_is_found_by_a_file_and_its_name_survives(filled: DamCli) -> None:
    path = filled.home / os.fsdecode(ODD)
    result = filled("find-file-by-hash", "--file", path, "--json")
    assert result.json[0]["names"] == ["caf\udce9\n.txt"]
    assert filled("find-file-by-hash", "--file", path).stdout.split()[4] == r"caf\xe9\n.txt"


def test_nothing_found_is_an_empty_list_and_exit_1(filled: DamCli) -> None:
    result = filled("find-file-by-hash", "0" * 64, "--json")
    assert (result.returncode, result.stdout, result.stderr) == (1, "[]\n", "")
    result = filled("find-file-by-hash", "0" * 64)
    assert (result.returncode, result.stdout) == (1, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["0" * 32], "this world does not compute md5; it computes sha256"),
        (["xyz"], "not a valid sha256: 'xyz'; expected 8 to 64 hex digits"),
        ([], "expected either HASH or --file"),
        (["0" * 64, "--file", "x"], "expected either HASH or --file"),
    ],
)
def test_a_question_that_has_no_answer_is_wrong_usage(
    filled: DamCli, arguments: list[str], message: str
) -> None:
    result = filled("find-file-by-hash", *arguments, "--json")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.error["message"] == message


def test_similar_pictures_come_nearest_first(filled: DamCli, home: Path) -> None:
    with Image.open(ASSETS / "pictures" / "hills.jpg") as image:
        image.reduce(2).save(home / "small.png")
    found = filled("find-similar-images", home / "small.png", "--json").json
    assert {item["name"] for item in found} == {"hills.jpg", "hills-half.jpg"}
    assert set(found[0]) == {
        *("entity_id", "distance", "algorithm", "transform", "identical", "sha256", "name"),
        *("width", "height", "size_bytes", "path", "archive", "member"),
    }
    for item in found:
        assert Path(item["path"]).stat().st_size == item["size_bytes"]
    assert [item["distance"] for item in found] == sorted(item["distance"] for item in found)
    (first,) = filled("find-similar-images", home / "small.png", "--limit", "1", "--json").json
    assert first == found[0]


def test_an_asset_finds_its_like_and_not_itself(filled: DamCli) -> None:
    prefix = f"sha256:{sha256('hills.jpg')[:8]}"
    result = filled("find-similar-images", "--entity", prefix, "--transforms", "--json")
    assert {item["name"]: item["transform"] for item in result.json} == {
        "hills-half.jpg": "none",
        "hills-turned-90.jpg": "rotate270",  # the one is turned left, the other counts to the right
    }


def test_several_files_have_an_answer_each(filled: DamCli, home: Path) -> None:
    hills = ASSETS / "pictures" / "hills.jpg"
    result = filled("find-similar-images", hills, "absent.jpg", "--limit", "1", "--json")
    found, absent = result.json
    assert (result.returncode, found["file"], found["error"]) == (3, str(hills), None)
    assert [match["name"] for match in found["matches"]] == ["hills.jpg"]
    assert (absent["file"], absent["matches"]) == ("absent.jpg", [])
    assert absent["error"] == "UnreadableQueryError"
    assert result.stderr.startswith("failed: absent.jpg: cannot search: ")
    (home / "list").write_text(f"{hills}\n")
    (line,) = filled(
        "find-similar-images", "-", "--limit", "1", "--jsonl", stdin=(home / "list").read_bytes()
    ).jsonl
    assert line == found


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--entity", "99"], 2, "no entity 99"),
        (["--entity", "x"], 2, "not a valid id: 'x'"),
        (
            ["x", "--threshold", "65"],
            2,
            "invalid value for '--threshold': '65'; expected at most 64",
        ),
        (["absent.jpg"], 3, "cannot search: cannot read absent.jpg: no such file"),
        ([], 2, "expected either FILE or --entity"),
    ],
)
def test_a_picture_that_cannot_be_searched_for_is_said_so(
    filled: DamCli, arguments: list[str], code: int, message: str
) -> None:
    result = filled("find-similar-images", *arguments, "--json")
    assert (result.returncode, result.stdout) == (code, "")
    assert message in result.error["message"]


def test_everything_that_is_known_is_shown(filled: DamCli) -> None:
    digest = sha256("city.jpg")
    (found,) = filled("find-file-by-hash", digest, "--json").json
    stdin = f"{found['entity_id']}\0sha256:{digest}\0".encode()
    result = filled("show", "-", "-0", "--json", stdin=stdin)
    (shown,) = result.json
    assert set(shown) == {"entity_id", "created_at", "components"}
    components = shown["components"]
    assert components["ContentHashSHA256Component"] == {"digest": digest}
    assert components["FilePropertiesComponent"]["name"] == "city.jpg"
    assert len(components["ImagePerceptualPHashComponent"]["value"]) == 16
    assert [row["path"] for row in components["OriginalSourceInfoComponent"]] == [
        str(ASSETS / "pictures" / "city.jpg")
    ]
    raw = filled("show", str(found["entity_id"]), "--raw").stdout.splitlines()
    assert raw[0].split()[:3] == [str(found["entity_id"]), "Entity", "created_at"]
    assert all(line.split()[0] == str(found["entity_id"]) for line in raw)
    assert any(line.split()[1:3] == ["ImageDimensionsComponent", "width"] for line in raw)


def test_what_people_want_to_know_is_shown_in_a_few_lines(filled: DamCli) -> None:
    filled("add-asset", *(ASSETS / "pictures" / name for name in PICTURES))
    lines = filled("show", "1", "5", "6").stdout.splitlines()
    facts = [line.split(maxsplit=2) for line in lines]
    hills = {name: value for key, name, value in facts if key == "1"}
    kept, _, added = hills.pop("kept").rpartition(" ")
    assert (kept, len(added)) == ("in the store since", len("2026-01-30T12:00:00Z"))
    assert hills == {
        "name": "hills.jpg",
        "type": "image/jpeg, 480x360, 13.1 kB",
        "path": str(ASSETS / "pictures" / "hills.jpg"),
    }
    assert ["5", "name", r"caf\xe9\n.txt"] in facts
    assert ["6", "failed", "analyse_images: torn JPEG picture: 56% of it is missing"] in facts
    assert len(facts) < 20


def test_an_unknown_id_is_wrong_usage_and_nothing_is_done(filled: DamCli) -> None:
    for words in (["show"], ["export-asset", "-o", "x"], ["remove-asset"]):
        result = filled(*words, "1", "99", "--json")
        assert (result.returncode, result.stdout) == (2, "")
        assert result.error == {
            "error": "EntityNotFoundError",
            "message": "no entity 99",
            "hint": "`add-asset --jsonl` and the commands that find assets print ids",
        }
    assert not (filled.home / "x").exists()


def test_thumbnails_are_files_that_are_there(filled: DamCli) -> None:
    result = filled("thumbnail", "-", "--json", stdin=b"1\n2\n3\n4\n5\n6\n")
    assert result.returncode == 3
    done = [item for item in result.json if item["error"] is None]
    assert len(done) == len(PICTURES) + 1  # the torn picture, too
    for item in done:
        with Image.open(item["path"]) as image:
            assert image.size == (item["width"], item["height"])
    failed = {item["error"] for item in result.json if item["path"] is None}
    assert failed == {"UnsupportedPictureError"}


def test_exports_are_planned_done_and_streamed(filled: DamCli) -> None:
    folder = filled.home / "out"
    planned = filled("export-asset", "-", "-o", folder, "--dry-run", "--json", stdin=b"5\n6\n")
    assert not folder.exists()
    done = filled("export-asset", "5", "6", "--output", folder, "--jsonl")
    assert done.jsonl == planned.json
    assert [path.read_bytes() for path in folder.glob("caf*")] == [b"hello"]
    assert [item["status"] for item in done.jsonl] == ["exported", "exported"]
    people = filled("export-asset", "5", "-o", folder)
    assert people.stdout.split(maxsplit=1) == ["5", f"{folder}/caf__.txt\n"]
    assert people.stderr == (
        "5: caf\\xe9\\n.txt is there as caf__.txt\n1 file had the same bytes already\n"
    )
    assert filled("export-asset", "5", "-o", folder, "-q").stderr == ""
    assert {planned.returncode, done.returncode, people.returncode} == {0}


def test_an_asset_is_removed_for_good_and_its_file_stays(dam_cli: DamCli, home: Path) -> None:
    (home / "a").write_bytes(b"a")
    dam_cli("add-asset", "a", "--no-copy")
    plan = dam_cli("remove-asset", "1", "--forever", "--dry-run", "--json")
    assert plan.json == {
        "removed": 1,
        "entity_ids": [1],
        "refused": [],
        "without_content": [],
    }
    result = dam_cli("remove-asset", "1", "--forever")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "removed 1 asset; a later `dam-cli gc` removes the bytes\n"
    assert dam_cli("show", "1").stderr.startswith("error: no entity 1\nhint: ")
    assert (home / "a").read_bytes() == b"a"


def test_the_window_says_that_it_is_not_built_yet(dam_cli: DamCli) -> None:
    result = dam_cli("ui")
    assert (result.returncode, result.stdout) == (5, "")
    assert result.stderr.startswith("error: the window is not built yet\n")
