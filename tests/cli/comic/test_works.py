"""The commands of comics: what they print, what they change, and how they end."""

from pathlib import Path
from typing import Any

import pytest

from dam.services.comic_book_service import get_ordered_pages_for_comic_variant
from dam.sync import SyncWorld
from tests.command_line import DamCli
from tests.services.comic_files import damage, make_cbz, pages, picture
from tests.services.conftest import leave

pytestmark = pytest.mark.slow

INFO = "<Series>Saga</Series><Number>1</Number><Year>2012</Year><Publisher>Image</Publisher>"
PAGE_FIELDS = {
    *("page_number", "entity_id", "sha256", "name", "width", "height", "type", "double_page"),
}


@pytest.fixture
def saga(dam_cli: DamCli, home: Path) -> dict[str, Any]:
    """One imported comic of three pages, as the import told of it."""
    make_cbz(home / "Saga 001 (2012).cbz", pages(3), INFO)
    outcome: dict[str, Any]
    (outcome,) = dam_cli("comic", "import", "Saga 001 (2012).cbz", "--json").json
    return outcome


def variant_of(saga: dict[str, Any]) -> str:
    return str(saga["variant_entity_id"])


def concept_of(saga: dict[str, Any]) -> str:
    return str(saga["concept_entity_id"])


def page_ids(variant: str) -> list[int]:
    """Return the pages of a variant; another command would take a second."""
    with SyncWorld() as world:
        return world.read(get_ordered_pages_for_comic_variant, int(variant))


def test_an_import_tells_what_it_did(dam_cli: DamCli, saga: dict[str, Any], home: Path) -> None:
    assert saga == {
        "path": str(home / "Saga 001 (2012).cbz"),
        "status": "added",
        "variant_entity_id": saga["variant_entity_id"],
        "concept_entity_id": saga["concept_entity_id"],
        "concept_created": True,
        "perhaps_of": None,
        "pages": 3,
        "failed_pages": [],
        "error": None,
        "message": None,
        "hint": None,
        "removed_sources": 0,
        "left_out": {},
    }
    make_cbz(home / "Saga 1 (2012) (fr).cbz", pages(4))
    result = dam_cli("comic", "import", ".", "-r", "--jsonl")
    assert (result.returncode, result.stderr) == (0, "")
    known, new = result.jsonl
    assert known["variant_entity_id"] == saga["variant_entity_id"]
    assert known["status"] in {"unchanged", "known"}
    assert new["concept_entity_id"] == saga["concept_entity_id"]
    people = dam_cli("comic", "import", "Saga 1 (2012) (fr).cbz").stdout
    path = home / "Saga 1 (2012) (fr).cbz"
    ids = f"{new['variant_entity_id']}  {{}}  comic {saga['concept_entity_id']}"
    assert people in {
        f"{ids.format(status)}  4 pages  {path}\n1 {status}\n" for status in ("known", "unchanged")
    }


def test_what_cannot_be_read_is_named_and_the_rest_arrives(dam_cli: DamCli, home: Path) -> None:
    members = pages(3)
    damage(make_cbz(home / "torn.cbz", members), members["page 2.jpg"])
    (home / "no.cbz").write_text("no archive")
    (home / "empty.cbz").write_bytes(b"PK\x05\x06" + bytes(18))
    result = dam_cli("comic", "import", "torn.cbz", "no.cbz", "empty.cbz", "absent.cbz", "--json")
    torn, no, empty, absent = result.json
    assert result.returncode == 3
    assert (torn["status"], torn["pages"]) == ("added", 2)
    assert torn["failed_pages"] == [
        {
            "name": "page 2.jpg",
            "error": "unreadable member 'page 2.jpg': its checksum is wrong",
            "hint": None,
        }
    ]
    assert [item["status"] for item in (no, empty, absent)] == ["failed"] * 3
    assert (no["error"], empty["error"]) == ("NotAnArchiveError", "NoPagesError")
    assert absent["message"] == "no such file"
    for name in ("torn.cbz: page 2.jpg", "no.cbz", "empty.cbz", "absent.cbz"):
        assert f"failed: {home}/{name}: " in result.stderr


def test_pages_have_the_fields_of_the_contract(dam_cli: DamCli, saga: dict[str, Any]) -> None:
    found = dam_cli("comic", "pages", variant_of(saga), "--json").json
    assert [page["page_number"] for page in found] == [1, 2, 3]
    assert all(page.keys() == PAGE_FIELDS for page in found)
    assert [page["name"] for page in found] == ["page 1.jpg", "page 2.jpg", "page 3.jpg"]
    assert {(page["width"], page["height"]) for page in found} == {(40, 60)}
    people = dam_cli("comic", "pages", variant_of(saga)).stdout.splitlines()
    assert [line.split()[0] for line in people] == [str(page["entity_id"]) for page in found]


def test_a_comic_is_shown_with_its_variants_and_a_variant_with_its_document(
    dam_cli: DamCli, saga: dict[str, Any]
) -> None:
    concept = dam_cli("comic", "show", concept_of(saga), "--json").json
    assert (concept["kind"], concept["name"]) == ("concept", "Saga #1 (2012)")
    assert concept["publisher"] == "Image"
    (variant,) = concept["variants"]
    assert variant["entity_id"] == saga["variant_entity_id"]
    assert (variant["format"], variant["pages"]) == ("cbz", 3)
    shown = dam_cli("comic", "show", variant_of(saga), "--json").json
    assert shown["kind"] == "variant"
    assert shown["comic_info"] == {
        "Series": "Saga",
        "Number": "1",
        "Year": "2012",
        "Publisher": "Image",
    }
    assert "Saga #1 (2012)" in dam_cli("comic", "show", concept_of(saga)).stdout
    missing = dam_cli("comic", "show", "99", "--json")
    assert (missing.returncode, missing.error["message"]) == (2, "no entity 99")


def test_comics_are_found_by_what_they_are_called(dam_cli: DamCli, saga: dict[str, Any]) -> None:
    (found,) = dam_cli("comic", "find", "SAG", "--number", "001", "--json").json
    assert found["entity_id"] == saga["concept_entity_id"]
    nothing = dam_cli("comic", "find", "hulk", "--json")
    assert (nothing.returncode, nothing.stdout) == (1, "[]\n")


def test_a_comic_of_two_variants_is_made_by_hand(dam_cli: DamCli, home: Path) -> None:
    created = dam_cli("comic", "create", "Two", "--series", "X", "--year", "2001", "--json").json
    concept = str(created["entity_id"])
    make_cbz(home / "one.cbz", pages(2, 50))
    make_cbz(home / "two.cbz", pages(2, 60))
    ids = [
        str(one["variant_entity_id"])
        for one in dam_cli("comic", "import", "one.cbz", "two.cbz", "--json").json
    ]
    refused = dam_cli("comic", "link", concept, *ids, "--json")
    assert refused.returncode == 2
    assert refused.error["error"] == "VariantLinkedError"
    dam_cli("comic", "unlink", *ids)
    linked = dam_cli(
        "comic", "link", concept, "-", "--primary", "--json", stdin="\n".join(ids).encode()
    )
    assert [item["is_primary_variant"] for item in linked.json] == [True, False]
    dam_cli("comic", "set-primary", ids[1])
    listed = dam_cli("comic", "variants", concept, "--json").json
    assert [str(item["entity_id"]) for item in listed] == [ids[1], ids[0]]


def test_pages_are_added_moved_and_removed(
    dam_cli: DamCli, saga: dict[str, Any], home: Path
) -> None:
    variant = variant_of(saga)
    first, second, third = page_ids(variant)
    (home / "new.jpg").write_bytes(picture(77))
    dam_cli("add-asset", "new.jpg")
    (asset,) = dam_cli("find-file-by-hash", "--file", "new.jpg", "--json").json
    new = asset["entity_id"]
    (added,) = dam_cli(
        *("comic", "add-page", variant, str(new), "--at", "2", "--type", "Advertisement", "--json"),
    ).json
    assert (added["page_number"], added["type"]) == (2, "Advertisement")
    assert page_ids(variant) == [first, new, second, third]
    dam_cli("comic", "move-page", variant, "4", "1")
    assert page_ids(variant) == [third, first, new, second]
    removed = dam_cli("comic", "remove-page", variant, "1", "3", "--json").json
    assert [page["entity_id"] for page in removed] == [third, new]
    assert page_ids(variant) == [first, second]
    reversed_ids = f"{second}\n{first}\n".encode()
    dam_cli("comic", "reorder", variant, "-", stdin=reversed_ids)
    assert page_ids(variant) == [second, first]
    for arguments, error in (
        (["-", "--drop"], "NoPictureNamedError"),
        ([str(first)], "PagesLeftOutError"),
        ([str(first), "--by-name"], "OneOfTwoError"),
        ([], "OneOfTwoError"),
    ):
        refused = dam_cli("comic", "reorder", variant, *arguments, "--json", stdin=b"")
        assert (refused.returncode, refused.error["error"]) == (2, error)
    assert page_ids(variant) == [second, first]
    dam_cli("comic", "reorder", variant, "--by-name", "--dry-run")
    assert page_ids(variant) == [second, first]
    ordered = dam_cli("comic", "reorder", variant, "--by-name", "--json").json
    assert [page["entity_id"] for page in ordered] == [first, second]
    dam_cli("comic", "reorder", variant, str(second), str(first))
    (use,) = dam_cli("comic", "where-used", str(first), "--json").json
    assert use == {
        "variant_entity_id": saga["variant_entity_id"],
        "concept_entity_id": saga["concept_entity_id"],
        "page_number": 2,
        "comic_title": "Saga #1",
    }
    gone = dam_cli("comic", "remove-page", variant, "9", "--json")
    assert (gone.returncode, gone.error["error"]) == (2, "NoPageAtNumberError")


def test_what_is_said_of_a_comic_is_changed(dam_cli: DamCli, saga: dict[str, Any]) -> None:
    edited = dam_cli("comic", "edit", concept_of(saga), "publisher=Norma", "Genre=SF", "--json")
    assert (edited.json["publisher"], edited.json["terms"]) == ("Norma", {"Genre": ["SF"]})
    shown = dam_cli("comic", "show", variant_of(saga), "--json").json
    assert shown["comic_info"]["Publisher"] == "Norma"
    for arguments, error in (
        (["edit", concept_of(saga), "volume=one"], "FactRefusedError"),
        (["edit", concept_of(saga), "foo=1"], "UnknownNameError"),
        (["create", "  "], "FactRefusedError"),
        (["create", "Nemo", "--year", "-3"], "FactRefusedError"),
    ):
        wrong = dam_cli("comic", *arguments, "--json")
        assert (wrong.returncode, wrong.error["error"]) == (2, error)


def test_a_concept_has_no_pages_of_its_own(dam_cli: DamCli, saga: dict[str, Any]) -> None:
    for name in ("pages", "overlap"):
        refused = dam_cli("comic", name, concept_of(saga))
        assert refused.returncode == 2
        assert refused.stderr == (
            f"error: entity {concept_of(saga)} is a comic concept, not a variant\n"
            f"hint: `dam-cli comic variants {concept_of(saga)}` lists its variants\n"
        )


def test_what_makes_no_sense_is_refused(dam_cli: DamCli, saga: dict[str, Any], home: Path) -> None:
    variant, concept = variant_of(saga), concept_of(saga)
    (home / "film.txt").write_text("no picture")
    (home / "photo.jpg").write_bytes(picture(70))
    (home / "unseen.jpg").write_bytes(picture(71))
    dam_cli("add-asset", "film.txt", "photo.jpg")
    dam_cli("add-asset", "unseen.jpg", "--no-process")

    def id_of(name: str) -> str:
        return str(dam_cli("find-file-by-hash", "--file", name, "--json").json[0]["entity_id"])

    film, photo, unseen = (id_of(name) for name in ("film.txt", "photo.jpg", "unseen.jpg"))
    other = str(dam_cli("comic", "create", "Other", "--json").json["entity_id"])
    for words, error, message in (
        (["add-page", variant, film], "NotAPictureError", f"entity {film} is text/plain; "),
        (["add-page", variant, concept], "NotAPictureError", f"entity {concept} is no file; "),
        (["reorder", variant, "--drop", film], "NotAPictureError", f"entity {film} is "),
        (["add-page", photo, unseen], "NoPagesOwnerError", f"entity {photo} is not a comic "),
        (["reorder", photo, unseen], "NoPagesOwnerError", f"entity {photo} is not a comic "),
        (["add-page", concept, photo, "--force"], "ConceptNotVariantError", f"entity {concept} "),
        (["add-page", variant, photo, "--at", "99"], "PageBeyondEndError", "page 99 of entity "),
        (["move-page", variant, "1", "99"], "PageBeyondEndError", "page 99 of entity "),
        (["link", concept, photo], "NotAComicError", f"entity {photo} is image/jpeg; expected an "),
        (["link", concept, variant, film], "NotAComicError", f"entity {film} is text/plain; "),
        (["link", other, concept, "--force"], "ConceptNotVariantError", f"entity {concept} is "),
        (["link", concept, concept], "OwnPartError", f"entity {concept} cannot be a variant of "),
        (["link", variant, photo, "--force"], "NoComicConceptError", f"entity {variant} is not "),
        (["pages", photo], "NoComicVariantError", f"entity {photo} is not a comic variant"),
        (["reorder", photo, "--by-name"], "NoComicVariantError", f"entity {photo} is not a comic "),
        (["reorder", concept, "--by-name"], "ConceptNotVariantError", f"entity {concept} is a "),
        (["where-used", film], "NotAPictureError", f"entity {film} is text/plain; expected a "),
        (["where-used", concept], "NotAPictureError", f"entity {concept} is no file; expected a "),
    ):
        refused = dam_cli("comic", *words, "--json")
        assert (refused.returncode, refused.error["error"]) == (2, error)
        assert refused.error["message"].startswith(message)
    assert len(dam_cli("comic", "pages", variant, "--json").json) == 3
    assert dam_cli("comic", "add-page", variant, unseen, "--at", "4").returncode == 0
    assert dam_cli("comic", "add-page", photo, unseen, "--force").returncode == 0
    assert dam_cli("comic", "add-page", photo, unseen).returncode == 0  # it has pages now
    assert dam_cli("comic", "where-used", film, "--json").returncode == 2
    assert dam_cli("comic", "where-used", unseen, "--json").returncode == 0


def test_what_can_be_a_comic_is_linked_and_a_photo_only_by_force(
    dam_cli: DamCli, home: Path
) -> None:
    make_cbz(home / "one.cbz", pages(1))
    make_cbz(home / "two.cbz", pages(1, 9))
    (home / "photo.jpg").write_bytes(picture(70))
    concept = str(dam_cli("comic", "create", "Saga", "--json").json["entity_id"])
    archive, photo = (
        str(dam_cli("add-asset", name, "--jsonl").jsonl[0]["entity_id"])
        for name in ("one.cbz", "photo.jpg")
    )
    unseen = dam_cli("add-asset", "two.cbz", "--no-process", "--jsonl").jsonl[0]["entity_id"]
    linked = dam_cli("comic", "link", concept, archive, str(unseen), "--json")
    assert [one["entity_id"] for one in linked.json] == [int(archive), unseen]
    refused = dam_cli("comic", "link", concept, photo)
    assert (refused.returncode, refused.stderr) == (
        2,
        f"error: entity {photo} is image/jpeg; expected an archive or a variant\n"
        "hint: `dam-cli comic import` makes comics of files and folders; "
        "--force links it anyway\n",
    )
    assert dam_cli("comic", "link", concept, photo, "--force").returncode == 0
    assert dam_cli("comic", "link", concept, photo).returncode == 0  # it is a variant now
    assert len(dam_cli("comic", "variants", concept, "--json").json) == 3


def test_a_folder_of_folders_asks_what_it_is(dam_cli: DamCli, home: Path) -> None:
    for name in ("ch 1/1.jpg", "ch 2/1.jpg"):
        path = home / "Saga 7" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(picture(len(path.parents) + int(name[3])))
    asked = dam_cli("comic", "import", "Saga 7")
    assert (asked.returncode, asked.stdout, asked.stderr) == (
        2,
        "",
        f"error: {home}/Saga 7 holds no archives or pictures itself; "
        "ch 1 and 1 more below it hold pictures\n"
        "hint: -r makes a comic of each of these folders, --as-one makes one comic of all\n",
    )
    assert dam_cli("comic", "import", "Saga 7", "-r", "--as-one").returncode == 2
    (one,) = dam_cli("comic", "import", "Saga 7", "--as-one", "--json").json
    assert (one["status"], one["pages"]) == ("added", 2)
    for option in ("--as-one", "-r", "--quiet"):
        (again,) = dam_cli("comic", "import", "Saga 7", option, "--json").json
        assert (again["status"], again["variant_entity_id"]) == (
            "unchanged",
            one["variant_entity_id"],
        )


def test_a_move_of_known_comics_says_that_their_files_go(dam_cli: DamCli, home: Path) -> None:
    archive = make_cbz(home / "Saga 1.cbz", pages(1))
    content_of_archive = archive.read_bytes()
    folder = home / "Saga 2"
    folder.mkdir()
    for name, content in pages(3, 20).items():
        (folder / name).write_bytes(content)
    move = ("comic", "import", archive, folder, "--mode", "move")
    fresh = dam_cli(*move, "--dry-run").stdout.splitlines()
    assert fresh[-1] == "would be: 2 added; would remove 4 sources"
    added = dam_cli("comic", "import", archive, folder, "--json").json
    ids = [str(one["variant_entity_id"]) for one in added]
    lines = [
        f"{ids[0]}  already stored  comic {added[0]['concept_entity_id']}  1 page  {archive}",
        f"{ids[1]}  already stored  comic {added[1]['concept_entity_id']}  3 pages  {folder}",
    ]
    planned = dam_cli(*move, "--dry-run").stdout.splitlines()
    assert planned == [*lines, "would be: 2 already stored; would remove 4 sources"]
    plan = dam_cli(*move, "--dry-run", "--json").json
    assert [one["removed_sources"] for one in plan] == [1, 3]
    assert archive.exists()
    (folder / "late.jpg").write_bytes(picture(70))
    assert [one["removed_sources"] for one in dam_cli(*move, "--dry-run", "--json").json] == [1, 3]
    done = dam_cli(*move).stdout.splitlines()
    assert done == [*lines, "2 already stored; 4 sources removed"]
    assert [path.name for path in home.glob("Saga*/*")] == ["late.jpg"]
    assert not archive.exists()
    archive.write_bytes(content_of_archive)
    assert dam_cli("comic", "import", archive, "--mode", "move").stdout.endswith(
        "\n1 already stored; source removed\n"
    )


def test_a_second_comic_with_the_same_facts_is_refused(dam_cli: DamCli) -> None:
    words = ("comic", "create", "Doom!", "--series", "Spidey", "--number", "5", "--year", "1963")
    first = dam_cli(*words, "--json").json["entity_id"]
    again = dam_cli("comic", "create", "DOOM!", *words[3:])
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr.startswith(f"error: comic {first}, ")
    padded = dam_cli(
        "comic", "create", "Doom!", "--series", "spidey ", "--number", "005", *words[7:]
    )
    assert (padded.returncode, padded.stdout) == (2, "")
    assert len(dam_cli("comic", "find", "--json").json) == 1
    assert dam_cli(*words, "--volume", "2").returncode == 0
    assert dam_cli("comic", "create", "Another", *words[3:]).returncode == 0
    assert dam_cli(*words, "--force").returncode == 0
    assert len(dam_cli("comic", "find", "--json").json) == 4


def test_a_comic_that_was_imported_is_not_created_again(
    dam_cli: DamCli, saga: dict[str, Any]
) -> None:
    facts = ("--series", "Saga", "--number", "1", "--year", "2012", "--publisher", "Image")
    for title in ("Saga", "Saga #1"):
        refused = dam_cli("comic", "create", title, *facts)
        assert refused.returncode == 2
        assert refused.stderr.startswith(f"error: comic {concept_of(saga)}, ")
    assert dam_cli("comic", "create", "Chapter One", *facts).returncode == 0


def test_a_comic_is_written_and_never_over_a_file(
    dam_cli: DamCli, saga: dict[str, Any], home: Path
) -> None:
    variant = variant_of(saga)
    written = dam_cli("comic", "export", variant, "-o", "out.cbz", "--json").json
    assert written == {
        "variant_entity_id": saga["variant_entity_id"],
        "path": "out.cbz",
        "format": "cbz",
        "pages": 3,
        "converted": [],
        "failed_pages": [],
    }
    before = (home / "out.cbz").read_bytes()
    again = dam_cli("comic", "export", variant, "-o", "out.cbz")
    assert (again.returncode, again.stderr.splitlines()[0]) == (2, "error: out.cbz already exists")
    assert (home / "out.cbz").read_bytes() == before
    people = dam_cli("comic", "export", variant, "-o", "folder").stdout
    assert people == "wrote 3 pages to folder\n"


def test_a_page_that_a_pdf_cannot_show_is_told_and_fails_the_command(
    dam_cli: DamCli, home: Path
) -> None:
    make_cbz(
        home / "Torn 1.cbz", {**pages(1), "page 2.webp": b"RIFF\x20\0\0\0WEBPVP8 " + bytes(20)}
    )
    (comic,) = dam_cli("comic", "import", "Torn 1.cbz", "--json").json
    variant = variant_of(comic)

    people = dam_cli("comic", "export", variant, "-o", "out.pdf")

    assert (people.returncode, people.stdout) == (3, "wrote 2 pages to out.pdf\n")
    assert people.stderr.startswith("failed: page 2: page 2.webp: unreadable WEBP picture: ")
    machine = dam_cli("comic", "export", variant, "-o", "two.pdf", "--json")
    assert machine.returncode == 3
    (failed,) = machine.json["failed_pages"]
    assert set(failed) == {"page_number", "name", "error", "message", "hint"}


def test_variants_that_share_pages_are_found(
    dam_cli: DamCli, saga: dict[str, Any], home: Path
) -> None:
    make_cbz(home / "Saga 1 (2012) (scan).cbz", {**pages(3), "zz credits.jpg": picture(88)})
    (other,) = dam_cli("comic", "import", "Saga 1 (2012) (scan).cbz", "--json").json
    (pair,) = dam_cli("comic", "overlap", variant_of(saga), "--json").json
    mine, theirs = saga["variant_entity_id"], other["variant_entity_id"]
    assert (pair["variant_entity_ids"], pair["shared"]) == ([mine, theirs], 3)
    assert pair["only"] == {str(mine): [], str(theirs): [4]}
    (found,) = dam_cli("comic", "duplicates", "--json").json
    assert found["shared"] == 3
    people = dam_cli("comic", "duplicates")
    assert people.stdout == f"{mine}  {theirs}  partial  3 shared  -  only 4  one comic\n"
    assert people.stderr == ""


def test_pages_that_could_not_be_processed_are_told_every_time(dam_cli: DamCli, home: Path) -> None:
    torn = picture(7)
    make_cbz(home / "Torn 1.cbz", {**pages(1), "torn.jpg": torn[: len(torn) // 2]})
    for _ in range(2):
        result = dam_cli("comic", "import", "Torn 1.cbz", "--json")
        assert result.returncode == 3
        assert f"failed: {home}/Torn 1.cbz: torn.jpg: analyse_images: " in result.stderr
        ((page,),) = [outcome["failed_pages"] for outcome in result.json]
        assert page["name"] == "torn.jpg"
        assert page["error"].startswith("analyse_images: torn JPEG picture")


def test_a_comic_whose_move_was_killed_after_its_commit_is_there_already(
    dam_cli: DamCli, home: Path
) -> None:
    path = make_cbz(home / "Saga 1.cbz", pages(2))
    (first,) = dam_cli("comic", "import", path, "--json").json
    with SyncWorld() as world:
        world.run(leave, first["variant_entity_id"], path)
    again = dam_cli("comic", "import", "--mode", "move", path, "--json")
    assert (again.returncode, again.stderr) == (0, "")
    changed = {"status": "known", "concept_created": False, "removed_sources": 1}
    assert again.json == [{**first, **changed}]
    assert not path.exists()
