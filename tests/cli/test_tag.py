"""Tags, by the real command."""

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


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> DamCli:
    """The command with a tagged picture, for what changes nothing."""
    cli = DamCli(tmp_path_factory.mktemp("tagged"))
    cli("add-asset", PICTURES / "hills.jpg")
    cli("tag", "add", "cat", "dog", "rating=1", "--to", "1")
    return cli


def listed(cli: DamCli, *prefix: str) -> list[tuple[str, int]]:
    return [(use["tag"], use["assets"]) for use in cli("tag", "list", *prefix, "--json").json]


def test_assets_are_tagged_and_untagged(filled: DamCli) -> None:
    tagged = filled("tag", "add", "Cat", "artist:moebius", "rating=4", "--to", "1", "2", "--json")
    assert (tagged.returncode, tagged.json) == (0, {"changed": 2})
    assert listed(filled) == [("artist:moebius", 2), ("Cat", 2), ("rating", 2)]
    assert listed(filled, "ARTIST:") == [("artist:moebius", 2)]
    taken = filled("tag", "remove", "cat", "--from", "1")
    assert taken.stdout == "changed the tags of 1 asset\n"
    assert filled("tag", "remove", "cat", "--from", "1").stdout == "changed the tags of 0 assets\n"
    assert listed(filled, "cat") == [("Cat", 1)]


def test_ids_are_read_from_stdin(filled: DamCli) -> None:
    assert filled("tag", "add", "cat", "--to", "-", "--json", stdin=b"1\n2\n").json["changed"] == 2
    removed = filled("tag", "remove", "cat", "--from", "-", "-0", "--json", stdin=b"1\0002\000")
    assert removed.json["changed"] == 2


def test_the_vocabulary_is_put_in_order(filled: DamCli) -> None:
    filled("tag", "add", "kitty", "--to", "1")
    filled("tag", "add", "feline", "--to", "1", "2")
    assert filled("tag", "rename", "feline", "cat").stdout == "renamed feline to cat\n"
    assert filled("tag", "merge", "kitty", "cat").stdout == "merged kitty into cat; 1 use changed\n"
    one = {"changed": 1, "tags": 1, "uses": 0}
    assert filled("tag", "alias", "cat", "mog", "--json").json == one
    assert filled("tag", "alias", "cat", "mog").stdout == (
        "made mog an alias of cat; nothing else changed\n"
    )
    assert filled("tag", "parent", "cat", "animal").stdout == "put cat below animal\n"
    filled("tag", "describe", "cat", "--text", "Cats of any size")
    facts = filled("tag", "show", "MOG", "--json").json
    del facts["entity_id"]
    assert facts == {
        "tag": "cat",
        "description": "Cats of any size",
        "value_type": None,
        "aliases": ["kitty", "mog"],
        "parents": ["animal"],
        "children": [],
        "assets": 2,
        "assets_below": 2,
    }
    filled("tag", "alias", "--remove", "mog")
    filled("tag", "parent", "--remove", "cat", "animal")
    facts = filled("tag", "show", "cat", "--json").json
    assert (facts["aliases"], facts["parents"]) == (["kitty"], [])
    assert filled("tag", "delete", "cat", "--yes").stdout == "deleted cat; 2 uses changed\n"
    assert listed(filled) == [("animal", 0)]


@pytest.mark.parametrize(
    ("arguments", "error", "exit_code"),
    [
        ("add rating=9 --to 1", "TagValueError", 2),
        ("add rating --to 1", "TagValueError", 2),
        ("add cat=5 --to 1", "TagValueError", 2),
        ("add artist: --to 1", "MalformedTagError", 2),
        ("add a\u202eb --to 1", "MalformedTagError", 2),
        ("add cat --to 99", "EntityNotFoundError", 2),
        ("remove nope --from 1", "UnknownTagError", 2),
        ("show nope", "UnknownTagError", 2),
        ("rename cat dog", "TagNameTakenError", 2),
        ("alias cat dog", "TagNameTakenError", 2),
        ("merge cat cat", "SameTagError", 2),
        ("merge rating cat", "RatingTagError", 2),
        ("parent cat cat", "TagCycleError", 2),
        ("add rating=3 rating=5 --to 1", "TagValueError", 2),
        ("describe cat --type date", "TagValueError", 2),
        ("describe rating --type none", "RatingTagError", 2),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(
    tagged: DamCli, arguments: str, error: str, exit_code: int
) -> None:
    before = tagged("tag", "list", "--json").json
    result = tagged("tag", *arguments.split(), "--json")
    assert (result.returncode, result.error["error"]) == (exit_code, error)
    assert tagged("tag", "list", "--json").json == before


def test_an_import_says_that_a_changed_file_kept_its_tags(dam_cli: DamCli) -> None:
    path = dam_cli.home / "a.txt"
    path.write_text("before")
    dam_cli("add-asset", path)
    dam_cli("tag", "add", "cat", "rating=3", "--to", "1")
    path.write_text("after!")
    (outcome,) = dam_cli("add-asset", path, "--jsonl").jsonl
    assert (outcome["status"], outcome["inherited_from"]) == ("added", 1)
    assert listed(dam_cli) == [("cat", 2), ("rating", 2)]
    path.write_text("once more")
    assert "1 kept tags or pages of what they replace" in dam_cli("add-asset", path).stdout


def test_a_tag_in_use_is_deleted_only_if_that_is_agreed(filled: DamCli) -> None:
    filled("tag", "add", "cat", "--to", "1", "2")
    refused = filled("tag", "delete", "cat")
    assert (refused.returncode, listed(filled)) == (2, [("cat", 2)])
    assert "Delete cat, which 2 assets have?" in refused.stderr
    assert filled("tag", "delete", "cat", "--dry-run").returncode == 0
    assert filled("tag", "delete", "cat", "--yes", "--json").json == {
        "changed": 3,
        "tags": 1,
        "uses": 2,
    }
    filled("tag", "describe", "unused", "--text", "Nothing has it")
    assert filled("tag", "delete", "unused").stdout == "deleted unused\n"
    filled("tag", "add", "dog", "--to", "1")
    filled("remove-asset", "1")
    assert "Delete dog, which 1 asset has?" in filled("tag", "delete", "dog").stderr
