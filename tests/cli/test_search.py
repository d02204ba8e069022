"""Search and lists, by the real command: what they find, and every form in which they write it."""

import os
import shlex
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.command_line import DamCli

pytestmark = pytest.mark.slow

PICTURES = Path(__file__).parents[1] / "assets" / "pictures"
ODD = b"caf\xe9 \x1b[31m.txt"
ANIMATED = "animated.gif"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> DamCli:
    """The command with hills 1 and 2, city 3, a text of an odd name 4, one in the trash 5.

    And a comic 6 with a page, a name that only it has. 2 has the tag cat, 2 and 3 have ratings.
    """
    cli = DamCli(tmp_path_factory.mktemp("filled"))
    for number, name in enumerate(("hills.jpg", "hills-half.jpg", "city.jpg"), start=1):
        assert cli("add-asset", PICTURES / name).returncode == 0, number
    (cli.home / os.fsdecode(ODD)).write_bytes(b"hello")
    (cli.home / "gone hills.txt").write_bytes(b"gone")
    cli("add-asset", cli.home / os.fsdecode(ODD))
    cli("add-asset", cli.home / "gone hills.txt")
    cli("remove-asset", "5")
    with zipfile.ZipFile(cli.home / "Land 1.cbz", "w") as archive:
        archive.write(PICTURES / "sea.jpg", "hills page.jpg")
    cli("comic", "import", cli.home / "Land 1.cbz")
    cli("tag", "add", "cat", "rating=3", "--to", "2")
    cli("tag", "add", "rating=5", "--to", "3")
    return cli


def ids(cli: DamCli, *arguments: str) -> list[int]:
    result = cli("search", "--ids", *arguments)
    assert result.stderr == ""
    assert result.returncode == (0 if result.stdout else 1)
    return list(map(int, result.stdout.split()))


def test_words_and_conditions_find_assets_the_newest_first(filled: DamCli) -> None:
    assert ids(filled, "hills") == [2, 1]
    assert ids(filled, "hills", "-tag:cat") == [1]
    assert ids(filled, "-tag:cat", "width:>300", "type:image") == [3, 1]
    assert ids(filled, "(hills or city)", "-half") == [3, 1]
    assert ids(filled, "(hills", "or", "city)", "rating:>=4") == [3]
    assert ids(filled, "--", "-hills", "city") == [3]
    assert ids(filled, "nothing") == []


def test_the_trash_and_pages_are_found_if_they_are_asked_for(filled: DamCli) -> None:
    assert ids(filled, "hills", "in:trash") == [5]
    assert len(ids(filled, "hills", "in:archive")) == 1


def test_options_may_stand_anywhere_and_are_no_words(filled: DamCli) -> None:
    assert filled("search", "--limit", "1", "hills", "--ids").stdout == "2\n"
    assert filled("search", "hills", "--ids", "-q", "-half", "--limit=1").stdout == "1\n"
    assert "no such option: --nosuch" in filled("search", "hills", "--nosuch").stderr.lower()
    assert filled("search", "-h").stdout.startswith("Usage: dam-cli search ")


def test_json_has_the_fields_of_the_contract(filled: DamCli) -> None:
    result = filled("search", "city", "--json")
    (one,) = result.json
    assert list(one) == [
        *("entity_id", "name", "media_type", "size_bytes", "sha256", "width", "height"),
        *("added_at", "path"),
    ]
    path = PICTURES / "city.jpg"
    assert (one["entity_id"], one["name"], one["path"]) == (3, "city.jpg", str(path))
    assert (one["width"], one["height"]) == (480, 360)
    assert one["size_bytes"] == path.stat().st_size
    assert one["added_at"].endswith("Z")
    assert filled("search", "city", "--jsonl").jsonl == [one]
    assert filled("search", "city").stdout.split()[:3] == ["3", "image/jpeg", "480x360"]


def test_nothing_found_is_1_for_search_and_0_for_list(filled: DamCli, dam_cli: DamCli) -> None:
    result = filled("search", "nothing", "--json")
    assert (result.returncode, result.stdout, result.stderr) == (1, "[]\n", "")
    result = filled("search", "nothing")
    assert (result.returncode, result.stdout, result.stderr) == (1, "", "")
    assert filled("search", "nothing", "--count").returncode == 1
    empty = dam_cli("list", "--json")
    assert (empty.returncode, empty.stdout) == (0, "[]\n")
    assert dam_cli("list", "--count").stdout == "0\n"


def test_a_tag_that_there_is_not_is_told(filled: DamCli) -> None:
    result = filled("search", "hills", "-tag:ratng", "-tag:cat", "--ids")
    assert (result.returncode, result.stdout) == (0, "1\n")
    assert result.stderr == "no tag 'ratng' (did you mean 'rating'?)\n"
    result = filled("search", "tag:zzz", "--count")
    assert (result.returncode, result.stdout) == (1, "0\n")
    assert result.stderr == "no tag 'zzz' (`dam-cli tag list` lists all tags)\n"
    assert filled("search", "tag:zzz", "--count", "--json").stderr == ""
    result = filled("search", "hills tag:rating:>=4")
    assert result.returncode == 2
    assert result.stderr.startswith("error: query, position 10: found 'rating:>=4', expected a tag")


def test_a_list_has_all_that_is_not_hidden(filled: DamCli) -> None:
    listed = filled("list", "--ids", "--json").json
    assert listed == sorted(listed, reverse=True)
    assert [each for each in listed if each < 6] == [4, 3, 2, 1]
    assert filled("list", "--count", "--json").json == {"count": len(listed)}
    assert filled("list", "--limit", "2", "--ids", "--jsonl").jsonl == listed[:2]
    by_size = filled("list", "--sort", "-width", "--sort", "id", "--limit", "3", "--ids").stdout
    assert by_size == "1\n3\n2\n"


def test_fields_are_chosen(filled: DamCli) -> None:
    chosen = filled("search", "tag:cat", "--fields", "name, tags,rating,colour")
    assert chosen.returncode == 2
    assert chosen.stderr.startswith("error: no field 'colour'\nhint: ")
    chosen = filled("search", "tag:cat", "--fields", "name, tags,rating", "--json")
    assert chosen.json == [{"name": "hills-half.jpg", "tags": ["cat", "rating"], "rating": 3.0}]
    rows = filled("search", "tag:cat", "--fields", "id,name").stdout
    assert rows == "2  hills-half.jpg\n"


def test_paths_go_to_other_programs_as_they_are(filled: DamCli) -> None:
    path = filled.home / os.fsdecode(ODD)
    process = filled.start("search", "caf", "--paths", "-0")
    stdout, _ = process.communicate()
    assert stdout == os.fsencode(path) + b"\0"
    assert filled("search", "caf", "--paths").stdout == f"{path}\n"
    assert filled("search", "caf", "--paths", "--json").json == [str(path)]
    assert filled("search", "hills", "--ids", "-0").stdout == "2\x001\x00"


def test_a_template_makes_a_line_of_each(filled: DamCli) -> None:
    template = "{id:03} {name:>20} {{{width}x{height}}} {tags}\t|"
    lines = filled("search", "rating:>2", "--format", template).stdout
    assert lines == (
        "003             city.jpg {480x360} rating\t|\n"
        "002       hills-half.jpg {240x180} cat, rating\t|\n"
    )
    (line,) = filled("search", "caf", "--format", "{name} {width}.").stdout.splitlines()
    assert line == r"caf\xe9 \x1b[31m.txt ."
    assert filled("search", "city", "--format", "{id}", "--json").json == ["3"]


@pytest.mark.parametrize(
    ("template", "position", "message", "hint"),
    [
        ("{nam}", 1, "no field 'nam'", "did you mean 'name'?"),
        (
            "{id.__class__}",
            3,
            "found '.', expected '}' or ':' and a width",
            "write `{name}` or `{name:>20}`, and `{{` for a brace",
        ),
        (
            "{id[0]}",
            3,
            "found '[', expected '}' or ':' and a width",
            "write `{name}` or `{name:>20}`, and `{{` for a brace",
        ),
        (
            "{id:1000000000}",
            4,
            "found 1000000000, expected at most 1000",
            "write `{name}` or `{name:>20}`, and `{{` for a brace",
        ),
    ],
)
def test_a_template_that_cannot_be_read_is_wrong_usage(
    filled: DamCli, template: str, position: int, message: str, hint: str
) -> None:
    for command in (
        ("search", "nothing"),
        ("list",),
        ("show", "1"),
        ("find-file-by-hash", "0" * 8),
        ("find-similar-images", "--entity", "1"),
        ("export-asset", "1", "--output", "out"),
    ):
        result = filled(*command, "--format", template)
        assert (result.returncode, result.stdout) == (2, ""), command
        assert result.stderr == (
            f"error: template, position {position}: {message}\n"
            f"  {template}\n  {' ' * position}^\nhint: {hint}\n"
        )
    assert not (filled.home / "out").exists()


def test_a_query_that_cannot_be_read_shows_where(filled: DamCli) -> None:
    result = filled("search", "cat", "width:>x", "dog")
    assert (result.returncode, result.stdout) == (2, "")
    error, query, caret = result.stderr.splitlines()
    assert error.startswith("error: query, position 11: found 'x', expected a whole number")
    assert query == "  cat width:>x dog"
    assert caret.index("^") == query.index("x dog")
    said = filled("search", "cat", "width:>x", "dog", "--json").error
    assert (said["error"], said["position"], said["found"]) == ("QuerySyntaxError", 11, "x")
    assert said["expected"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no query given"),
        ([""], "no query given"),
        (["x", "--ids", "--paths"], "--ids and --paths do not go together"),
        (["x", "--fields", "id", "--format", "x"], "--fields and --format do not go together"),
        (["x", "--count", "--explain"], "--count and --explain do not go together"),
        (["x", "-0"], "-0 is for lines of results"),
        (["x", "-0", "--fields", "id"], "-0 is for lines of results"),
        (["x", "--sort", "width limit:1"], "not a valid order: 'width limit:1'"),
        (["x", "--save", "a", "--saved"], "--save and --saved do not go together"),
        (["x", "--forget", "a"], "--forget takes no query"),
        (["x", "--list-fields"], "--list-fields takes no query"),
        (["x", "--sort", "id", "--sort", "-id"], "--sort names a field twice"),
        (["x", "--sort", "nme"], "not a valid order: 'nme'"),
        (["x", "--sort"], "option '--sort' requires an argument"),
    ],
)
def test_options_that_make_no_sense_together_are_wrong_usage(
    filled: DamCli, arguments: list[str], message: str
) -> None:
    result = filled("search", *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.splitlines()[0] == f"error: {message}"


def test_the_fields_of_queries_are_listed(filled: DamCli) -> None:
    fields = {one["name"]: one for one in filled("search", "--list-fields", "--json").json}
    assert (fields["width"]["kind"], fields["size_bytes"]["short_names"]) == ("integer", ["size"])
    assert filled("search", "--list-fields", "--jsonl").jsonl == list(fields.values())
    rows = filled("search", "--list-fields").stdout.splitlines()
    assert [row.split()[0] for row in rows] == list(fields)
    assert rows[list(fields).index("storage")].endswith("archive, managed, referenced")
    refused = filled("search", "zz:1")
    assert refused.stderr.splitlines()[-1] == (
        "hint: `dam-cli search --list-fields` lists all fields"
    )


def test_what_is_echoed_of_a_long_text_is_short(filled: DamCli) -> None:
    for arguments in (
        ("search", "--" + "-a" * 5000),
        ("search", "a" * 5000 + ":1"),
        ("search", "x", "--sort", "a" * 5000),
        ("search", "x", "--fields", "a" * 5000),
        ("search", "x", "--limit", "9" * 5000),
        ("search", "--forget", "a" * 5000),
        ("show", "9" * 5000),
        ("tag", "show", "a" * 5000),
        ("trash", "list", "--older-than", "9" * 5000),
    ):
        result = filled(*arguments)
        assert result.returncode == 2, arguments[0]
        assert max(map(len, result.stderr.splitlines())) < 200, arguments[0]


def test_how_the_database_finds_them_is_explained(filled: DamCli) -> None:
    explained = filled("search", "hills", "--explain", "--json").json
    assert {"sql", "plan", "index"} <= set(explained)
    people = filled("search", "hills", "--explain").stdout
    assert people.startswith("begins with: ")
    assert "SELECT" in people


def test_queries_are_saved_used_listed_and_forgotten(dam_cli: DamCli) -> None:
    dam_cli("add-asset", PICTURES / "hills.jpg", PICTURES / "city.jpg")
    assert dam_cli("search", "hil", "--save", "High", "--dry-run").stdout == "would save @High\n"
    assert dam_cli("search", "--saved", "--json").json == []
    saved = dam_cli("search", "hil or nothing", "--save", "High", "--json")
    assert (saved.returncode, saved.json) == (0, {"saved": "High", "query": "hil or nothing"})
    assert ids(dam_cli, "@high", "type:image") == [1]
    (one,) = dam_cli("search", "--saved", "--json").json
    assert dam_cli("search", "--saved", "--jsonl").jsonl == [one]
    assert (one["name"], one["query"]) == ("High", "hil or nothing")
    assert dam_cli("search", "--saved").stdout == "@High  hil or nothing\n"
    again = dam_cli("search", "hills", "--save", "high").stdout
    assert again == "saved @high, in the place of: hil or nothing\n"
    two_words = dam_cli("search", "x", "--save", "my own", "--dry-run").stdout
    assert two_words == 'would save @"my own"\n'
    loop = dam_cli("search", "@high", "--save", "high")
    assert loop.returncode == 2
    assert "does not name itself" in loop.stderr
    assert dam_cli("search", "--forget", "high").stdout == "forgot @high: hills\n"
    gone = dam_cli("search", "--forget", "high")
    assert (gone.returncode, gone.stderr.splitlines()[0]) == (
        2,
        "error: no saved query named 'high'; known: none",
    )


def test_what_is_not_indexed_yet_is_told(dam_cli: DamCli) -> None:
    dam_cli("add-asset", PICTURES / "hills.jpg")
    with closing(sqlite3.connect(dam_cli.home / ".local/share/dam/default.db")) as database:
        database.execute(
            "INSERT INTO component_needs_search_entry (entity_id, attempts) VALUES (1, 0)"
        )
        database.commit()
    said = "1 asset is not indexed yet; run `dam-cli process`\n"
    for command in (("search", "hills"), ("list",), ("list", "--count")):
        assert dam_cli(*command).stderr == said
        assert dam_cli(*command, "--json").stderr == ""
    dam_cli("process")
    assert dam_cli("list").stderr == ""


def test_shown_and_found_assets_are_written_by_a_template(filled: DamCli) -> None:
    assert filled("show", "3", "1", "--format", "{id} {name}").stdout == "3 city.jpg\n1 hills.jpg\n"
    assert filled("show", "3", "--format", "{name}", "--json").json == ["city.jpg"]
    refused = filled("show", "3", "--raw", "--format", "{id}")
    assert (refused.returncode, refused.stdout) == (2, "")
    digest = filled("show", "3", "--format", "{sha256}").stdout.strip()
    by_hash = filled("find-file-by-hash", digest, "--format", "{name} {width}")
    assert (by_hash.returncode, by_hash.stdout) == (0, "city.jpg 480\n")
    assert filled("find-file-by-hash", "0" * 8, "--format", "{name}").returncode == 1
    like = (
        "find-similar-images",
        "--entity",
        "1",
        "--format",
        "{id} {distance} {transform} {file}|",
    )
    assert filled(*like).stdout == "2 0 none |\n"
    hills = PICTURES / "hills.jpg"
    several = filled("find-similar-images", hills, hills, "--format", "{file} {id}", "--limit", "1")
    assert several.stdout == f"{hills} 1\n" * 2


def test_a_picture_may_be_given_as_standard_input(filled: DamCli) -> None:
    """A worker has another standard input."""
    hills = PICTURES / "hills.jpg"
    shell = ("sh", "-c", f'exec "$@" < {shlex.quote(str(hills))}', "sh")
    found = replace(filled, behind=shell)("find-similar-images", "/dev/stdin", "--json")
    assert found.json[0]["entity_id"] == 1
    refused = filled("find-similar-images", "/dev/stdin", stdin=hills.read_bytes())
    assert (refused.returncode, refused.stdout) == (3, "")


def test_exported_files_get_their_names_by_a_template(filled: DamCli, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    done = filled(
        *("export-asset", "1", "2", "3", "-o", tmp_path / "out"),
        *("--format", "../{media_type}/{ratio:.1}.{ext}", "--json"),
    )
    assert done.returncode == 0
    names = [Path(one["path"]).name for one in done.json]
    assert names == [f".._image_jpeg_1.3{number}.jpg" for number in ("", " (2)", " (3)")]
    assert sorted(path.name for path in tmp_path.rglob("*.jpg")) == sorted(names)


def test_commands_take_a_query_in_the_place_of_ids(dam_cli: DamCli, tmp_path: Path) -> None:
    names = ("hills.jpg", "hills-half.jpg", "city.jpg")
    dam_cli("add-asset", *(PICTURES / name for name in names))
    assert dam_cli("tag", "add", "high", "--query", "hills", "--json").json == {"changed": 2}
    high = ids(dam_cli, "tag:high")
    assert len(high) == 2
    shown = dam_cli("show", "--query", "-tag:high", "--format", "{name}").stdout
    assert shown == "city.jpg\n"
    assert len(dam_cli("thumbnail", "--query", "tag:high", "--json").json) == 2
    exported = dam_cli("export-asset", "--query", "hills", "-o", tmp_path / "out", "--json").json
    assert [one["entity_id"] for one in exported] == high
    assert dam_cli("verify", "--query", "tag:high").stdout.startswith("verified 2: ")
    assert dam_cli("retry", "--query", "hills", "--json").json["marked"] == 0
    dismissed = dam_cli("failures", "dismiss", "--query", "hills", "--json")
    assert dismissed.json == {"dismissed": 0}
    assert dam_cli("remove-asset", "--query", "city", "--json").json["removed"] == 1
    assert dam_cli("restore-asset", "--query", "in:trash", "--json").json["restored"] == 1
    assert dam_cli("tag", "remove", "high", "--query", "half", "--json").json == {"changed": 1}
    for command in (("show",), ("show", "1", "--query", "x"), ("tag", "add", "x")):
        result = dam_cli(*command)
        assert result.returncode == 2
        assert result.stderr.startswith("error: expected either ")
    assert dam_cli("show", "--query", "nothing", "--json").json == []
    assert dam_cli("show", "--query", "width:x").returncode == 2


def test_what_a_query_removes_for_good_is_asked_about(dam_cli: DamCli) -> None:
    dam_cli("add-asset", PICTURES / "hills.jpg", PICTURES / "city.jpg")
    wish = ("remove-asset", "--query", "hills", "--forever")
    asked = dam_cli(*wish)
    assert (asked.returncode, asked.stdout) == (2, "")
    assert asked.stderr.startswith("error: cannot ask without a terminal: Remove 1 asset for good?")
    assert dam_cli(*wish, "--dry-run", "--json").json["removed"] == 1
    assert ids(dam_cli, "hills") != []
    assert dam_cli(*wish, "--yes", "--json").json["removed"] == 1
    assert ids(dam_cli, "hills") == []
    assert dam_cli(*wish).returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        "hills --count --ids",
        "hills --explain --paths",
        "hills --count --format {id}",
        "hills --save top --limit 3",
        "hills --save top --sort name",
        "--saved --ids",
        "--forget top --count",
    ],
)
def test_options_that_would_do_nothing_are_refused(filled: DamCli, arguments: str) -> None:
    result = filled("search", *arguments.split())
    assert (result.returncode, result.stdout) == (2, "")
    assert "do not go together" in result.stderr


def test_a_value_that_a_tag_cannot_have_is_refused(filled: DamCli) -> None:
    result = filled("search", "tag:rating>=foo", "--json")
    assert (result.returncode, result.error["error"]) == (2, "TagValueError")
