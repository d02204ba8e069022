"""Documents in a world: what is written for them, and what they are found by."""

from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.world import World
from dam.errors import WorkerDiedError, WorkerMemoryError, WorkerTimeoutError
from dam.media.document.facts import DocumentFacts
from dam.media.document.kind import DOCUMENT
from dam.media.limits import MediaLimits
from dam.models import (
    DocumentPropertiesComponent,
    DocumentTextComponent,
    FilePropertiesComponent,
    ImagePerceptualPHashComponent,
    StatedTextComponent,
)
from dam.services.process_service import process
from dam.services.search_service import read_fields, search_ids
from dam.services.tag_service import tags_of
from dam.services.thumbnail_service import find_thumbnails
from dam.workers.pool import WorkerPool
from tests.command_line import DamCli
from tests.core.worlds import failures, rows_of
from tests.media.document_files import (
    PDF,
    core_xml,
    docx,
    epub,
    picture,
    self_calling_pdf,
    text_pdf,
)
from tests.services.conftest import Add

_INFO = {"Title": b"(On rope)", "Author": b"(Ann)", "Keywords": b"(knots, rating, a=b, \\000)"}
_COVER = '<item id="cover" href="c.png" media-type="image/png"/>'


async def found_by(world: World, query: str) -> list[int]:
    return sorted(await world.read(search_ids, query))


async def test_documents_are_found_by_what_they_state_and_by_their_words(
    world: World, add: Add, tmp_path: Path
) -> None:
    (tmp_path / "a.pdf").write_bytes(text_pdf(["bowline", "sheepshank"], _INFO))
    (tmp_path / "b.docx").write_bytes(docx(core_xml(title="Plan", creator="Bo")))
    book = epub("<dc:title>Whale</dc:title>", _COVER, {"OPS/c.png": picture()})
    (tmp_path / "c.epub").write_bytes(book)
    (tmp_path / "d.pdf").write_bytes(text_pdf(["cut off"])[:200])
    names = ("a.pdf", "b.docx", "c.epub", "d.pdf")
    pdf, plan, whale, broken = [await add(tmp_path / name) for name in names]
    await process(world)

    kept = await world.read(failures)
    assert {key: (error, text) for key, (_, error, text, _) in kept.items()} == {
        broken: (
            "UnreadableDocumentError",
            "unreadable PDF document: its structure is damaged, or it is cut off",
        )
    }
    for query, wanted in {
        "sheepshank": [pdf],
        "title:whale": [whale],
        "author:ann": [pdf],
        "pages:2": [pdf],
        "encrypted:no": [pdf, plan, whale],
        "type:document": [pdf, plan, whale, broken],
        "tag:knots": [pdf],
    }.items():
        assert await found_by(world, query) == wanted, query
    (fields,) = await world.read(read_fields, [pdf], ["page_count", "title", "author", "encrypted"])
    assert fields == {"page_count": 2, "title": "On rope", "author": "Ann", "encrypted": False}
    tags = await world.read(tags_of, [pdf])
    assert [(tag.tag, tag.source) for tag in tags[pdf]] == [("a b", "file"), ("knots", "file")]

    drawn, none, cover = await find_thumbnails(world, [pdf, plan, whale])
    assert (none.path, none.error) == (None, "NoPictureError")
    for each, size in ((drawn, (192, 256)), (cover, (60, 90))):
        assert each.path is not None
        with Image.open(each.path) as image:
            assert image.size == size
    assert await world.read(rows_of, ImagePerceptualPHashComponent) == []


async def _as_before(session: AsyncSession) -> None:
    """Make a world one of yesterday: no kind has described its documents."""
    for kind in (DocumentPropertiesComponent, DocumentTextComponent, StatedTextComponent):
        await session.execute(delete(kind))
    await session.execute(
        update(FilePropertiesComponent).values(described_by=None, picture_version=0)
    )


async def test_documents_that_were_there_before_are_described_anew(
    world: World, add: Add, tmp_path: Path
) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(text_pdf(["bowline"], _INFO))
    pdf = await add(path)
    await process(world)
    await world.run(_as_before)
    assert await found_by(world, "pages:1") == []
    done = await process(world, marks_outdated=True)
    assert (done.processed["extract_metadata"], done.processed["analyse_images"]) == (1, 1)
    assert await found_by(world, "pages:1 bowline author:ann") == [pdf]
    done = await process(world, marks_outdated=True)
    assert done.processed["extract_metadata"] == 0


def describe_pdf(path: Path) -> DocumentFacts:
    with path.open("rb") as file:
        return DOCUMENT.describe(file, PDF, MediaLimits())


async def test_threads_take_turns_at_pdfs(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.pdf" for number in range(24)]
    for number, path in enumerate(paths):
        path.write_bytes(text_pdf([f"page {number}"] * 5))
    with WorkerPool(4, kind="thread") as pool:
        found = await pool.map_items(describe_pdf, paths)
    texts = [each.text for each in found if isinstance(each, DocumentFacts)]
    assert texts == ["\n".join([f"page {number}"] * 5) for number in range(24)]


def read_pdf(path: Path) -> DocumentFacts:
    facts = describe_pdf(path)
    assert DOCUMENT.picture is not None
    with path.open("rb") as file:
        DOCUMENT.picture(file, PDF, MediaLimits())
    return facts


@pytest.mark.slow
async def test_a_pdf_that_ends_the_decoder_fails_alone(tmp_path: Path) -> None:
    for name in "012":
        content = self_calling_pdf() if name == "1" else text_pdf([name])
        (tmp_path / name).write_bytes(content)
    with WorkerPool(1, task_timeout_s=60, data_bytes=192 << 20) as pool:
        found = await pool.map_items(read_pdf, [tmp_path / name for name in "012"])
    assert isinstance(found[1], WorkerDiedError | WorkerMemoryError | WorkerTimeoutError)
    texts = [each.text for each in found if isinstance(each, DocumentFacts)]
    assert texts == ["0", "2"]


def test_the_command_knows_documents(dam_cli: DamCli, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(text_pdf(["bowline", "sheepshank"], _INFO))
    assert dam_cli("add-asset", tmp_path / "a.pdf").returncode == 0
    shown = [line.split(maxsplit=2)[1:] for line in dam_cli("show", "1").stdout.splitlines()]
    size_bytes = (tmp_path / "a.pdf").stat().st_size
    assert ["type", f"application/pdf, 2 pages, {size_bytes} B"] in shown
    assert ["title", "On rope, by Ann"] in shown
    template = "{title}|{author}|{page_count}|{encrypted}"
    assert dam_cli("list", "--format", template).stdout.strip() == "On rope|Ann|2|no"
