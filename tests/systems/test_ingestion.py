"""`ingest_requested_files`: the event imports what `add-asset` would."""

from pathlib import Path

from dam.core.world import World
from dam.models import FileLocationComponent
from dam.services.import_service import ImportOptions
from dam.systems.ingestion import AssetFileIngestionRequested, ingest_requested_files
from tests.core.worlds import rows_of


async def test_called_as_a_function_it_imports_and_reports(world: World, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    event = AssetFileIngestionRequested((str(tmp_path / "a"), str(tmp_path / "missing")))
    report = await ingest_requested_files(event, world)
    assert (dict(report.counts), report.size_bytes) == ({"added": 1, "failed": 1}, 1)


async def test_who_sends_the_event_gets_the_report(world: World, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    options = ImportOptions(mode="reference", is_recursive=True)
    reports = await world.dispatch_event(AssetFileIngestionRequested((str(tmp_path),), options))
    assert [report.counts["added"] for report in reports] == [1]
    (place,) = await world.read(rows_of, FileLocationComponent)
    assert place.path_text == str(tmp_path / "a")
