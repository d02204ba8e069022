"""The commands about pending and failed work."""

from pathlib import Path

import pytest

from dam.models import NeedsMetadataExtractionComponent
from dam.services.ecs_service import create_entity
from dam.sync import SyncWorld
from tests.command_line import DamCli
from tests.services.conftest import leave

pytestmark = pytest.mark.slow

ASSETS = Path(__file__).parents[1] / "assets"
BROKEN = ASSETS / "broken" / "truncated.jpg"
PICTURE = ASSETS / "pictures" / "lake.jpg"


def test_a_stage_goes_by_its_name_in_code_as_well(dam_cli: DamCli) -> None:
    assert dam_cli("process", "--stage", "CONTENT_ANALYSIS", "--json").returncode == 0
    result = dam_cli("process", "--stage", "content-analyses", "--json")
    assert result.returncode == 2
    assert result.error["hint"] == "did you mean 'content-analysis'?"


def test_what_an_import_left_is_processed(dam_cli: DamCli) -> None:
    dam_cli("add-asset", "--no-process", PICTURE)
    planned = dam_cli("process", "--dry-run", "--json")
    assert planned.json == {
        "processed": {
            "import_comic": 0,
            "extract_metadata": 1,
            "analyse_images": 0,
            "index_words": 0,
        },
        "failed": 0,
        "failures": [],
        "removed_sources": 0,
    }
    first = dam_cli("process", "--stage", "metadata-extraction", "--json")
    assert first.json["processed"] == {"extract_metadata": 1}
    rest = dam_cli("process")
    assert (rest.returncode, rest.stdout, rest.stderr) == (0, "analyse_images  1\n", "")
    assert dam_cli("process").stdout == "nothing is pending\n"
    again = dam_cli("process", "--mark", "NeedsContentAnalysisComponent", "--json")
    assert again.json["processed"]["analyse_images"] == 1
    unknown = dam_cli("process", "--mark", "NeedsAnalysis", "--json")
    assert unknown.returncode == 2
    assert unknown.error["hint"] == "did you mean 'NeedsContentAnalysisComponent'?"


def test_a_failure_is_listed_and_tried_again(dam_cli: DamCli) -> None:
    assert dam_cli("failures").stdout == "there are no failures\n"
    assert dam_cli("failures", "--json").json == []
    dam_cli("add-asset", "--no-process", BROKEN)
    worked = dam_cli("process", "--json")
    assert (worked.returncode, worked.json["failed"]) == (3, 1)
    (failure,) = dam_cli("failures", "--json").json
    assert worked.json["failures"] == [failure]
    message = failure["message"]
    assert worked.stderr == f"failed: 1 truncated.jpg: analyse_images: {message}\n"
    assert {**failure, "occurred_at": None} == {
        "entity_id": 1,
        "system": "analyse_images",
        "error": "TornPictureError",
        "message": message,
        "hint": None,
        "attempts": 1,
        "occurred_at": None,
        "name": "truncated.jpg",
        "paths": [str(BROKEN)],
        "dismissed_at": None,
    }
    assert dam_cli("retry", "-", "--json").json["marked"] == 0
    assert dam_cli("retry", "1", "--dry-run").stdout == "would try 1 failure again\n"
    assert dam_cli("failures", "--json").json[0]["attempts"] == 1
    retried = dam_cli("retry", "--system", "analyse_images", "--json")
    assert (retried.returncode, retried.stderr) == (3, worked.stderr)
    assert retried.json == {
        "marked": 1,
        "unknown": {},
        "processed": {
            "import_comic": 0,
            "extract_metadata": 0,
            "analyse_images": 1,
            "index_words": 0,
        },
        "failed": 1,
        "failures": dam_cli("failures", "--json").json,
        "removed_sources": 0,
    }
    assert retried.json["failures"][0]["attempts"] == 2
    people = dam_cli("retry")
    assert (people.returncode, people.stderr) == (3, worked.stderr)
    assert people.stdout == (
        "tried 1 failure again\n"
        "analyse_images  1\n"
        "1 failed; `dam-cli failures` lists open failures\n"
    )


def test_a_retry_that_succeeds_leaves_no_failure_and_one_without_process_only_marks(
    dam_cli: DamCli,
) -> None:
    picture = dam_cli.home / "lake.jpg"
    picture.write_bytes(PICTURE.read_bytes())
    dam_cli("add-asset", "--no-copy", "--no-process", picture)
    away = picture.rename(dam_cli.home / "away.jpg")
    assert dam_cli("process").returncode == 3
    away.rename(picture)
    marked = dam_cli("retry", "--no-process")
    assert (marked.returncode, marked.stdout) == (
        0,
        "marked 1 to be tried again; nothing ran yet: run `dam-cli process`\n",
    )
    assert len(dam_cli("failures", "--json").json) == 1
    done = dam_cli("retry", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "tried 1 failure again\nextract_metadata  1\nanalyse_images    1\n"
    assert dam_cli("failures", "--json").json == []
    assert dam_cli("retry").stdout == "there is nothing to retry\n"


def test_what_a_move_has_left_is_counted_and_removed(dam_cli: DamCli) -> None:
    folder = dam_cli.home / "folder"
    folder.mkdir()
    left, changed = folder / "left", folder / "changed"
    away = dam_cli.home / "disk" / "away"
    away.parent.mkdir()
    for path in (left, changed, away):
        path.write_bytes(path.name.encode())
    dam_cli("add-asset", "--no-process", left, changed, away)
    with SyncWorld() as world:
        for entity_id, path in enumerate((left, changed, away), 1):
            world.run(leave, entity_id, path)
    changed.write_bytes(b"more than before")
    away.parent.rename(dam_cli.home / "pulled")
    assert dam_cli("status", "--json").json["pending_removals"] == 3
    hint = "run `dam-cli process` on the machine that has them"
    told = f"moved and still to be removed: 3 files ({hint})"
    assert told in dam_cli("status").stdout.splitlines()
    planned = dam_cli("process", "--dry-run", "--json")
    assert (planned.returncode, planned.json["removed_sources"]) == (0, 3)
    for reading in (("verify",), ("show", "1"), ("failures",)):
        assert dam_cli(*reading).returncode == 0
    assert left.exists()

    done = dam_cli("process")

    assert done.stdout.splitlines()[0] == "removed 1 file left by an interrupted move"
    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        f"failed: {changed}: it changed after it was moved in, and is not removed "
        "(add it again to keep it as it is now)",
        f"failed: 1 file waiting: {away.parent} is not there, or empty "
        "(mount its disk and try again; `dam-cli process` continues with the files in it)",
    ]
    assert (left.exists(), changed.exists()) == (False, True)
    assert dam_cli("status", "--json").json["pending_removals"] == 1
    (dam_cli.home / "pulled").rename(away.parent)
    assert dam_cli("process", "--json").json["removed_sources"] == 1
    assert not away.exists()


def test_every_command_says_what_to_do_about_a_failure(dam_cli: DamCli) -> None:
    picture = dam_cli.home / "lake.jpg"
    picture.write_bytes(PICTURE.read_bytes())
    dam_cli("add-asset", "--no-copy", "--no-process", picture)
    picture.write_bytes(b"other bytes")
    hint = "add it again to record it as it is now"
    worked = dam_cli("process")
    assert worked.stderr.startswith("failed: 1 lake.jpg: extract_metadata: ")
    assert worked.stderr.endswith(f" ({hint})\n")
    assert dam_cli("failures").stdout.endswith(f" ({hint})\n")
    assert dam_cli("failures", "--json").json[0]["hint"] == hint
    exported = dam_cli("export-asset", "1", "--output", "out")
    assert exported.stderr.startswith(f"failed: 1: {picture} changed after it was added: ")
    assert exported.stderr.endswith(f" ({hint})\n")
    gone = dam_cli("add-asset", "--dry-run", picture, "--json")
    assert [failure["hint"] for failure in gone.json["failures"]] == [hint]
    assert gone.stderr.endswith(f" ({hint})\n")


@pytest.mark.usefixtures("home")
def test_a_failure_of_what_has_no_name_is_named_by_its_id(dam_cli: DamCli) -> None:
    with SyncWorld() as world:
        entity_id = world.run(create_entity, NeedsMetadataExtractionComponent())
    worked = dam_cli("process")
    assert worked.returncode == 3
    assert worked.stderr.startswith(f"failed: {entity_id}: extract_metadata: ")


def test_an_unknown_system_and_an_unknown_id_are_refused(dam_cli: DamCli) -> None:
    system = dam_cli("retry", "--system", "analyze_images")
    assert (system.returncode, system.stderr) == (
        2,
        "error: no system named 'analyze_images'; "
        "known: import_comic, extract_metadata, analyse_images, index_words\n"
        "hint: did you mean 'analyse_images'?\n",
    )
    assert dam_cli("retry", "12").returncode == 2


def test_a_dismissed_failure_lets_an_import_succeed(dam_cli: DamCli) -> None:
    assert dam_cli("add-asset", BROKEN).returncode == 3
    assert dam_cli("failures", "dismiss", "1", "--dry-run").stdout == "would dismiss 1 failure\n"
    assert dam_cli("failures", "dismiss", "1", "--json").json == {"dismissed": 1}
    again = dam_cli("add-asset", BROKEN, "--json")
    assert (again.returncode, again.stderr, again.json["failures"]) == (0, "", [])
    assert dam_cli("failures", "--json").json == []
    (dismissed,) = dam_cli("failures", "--all", "--json").json
    assert dismissed["dismissed_at"][:16] in dam_cli("failures", "--all").stdout
    neither = dam_cli("failures", "dismiss")
    assert (neither.returncode, neither.stderr.splitlines()[0]) == (
        2,
        "error: expected either ID or --error",
    )
