"""What comics cost: `python -m tests.benchmarks.comics [JOB] [--quick]`.

`world`, the usual job, asks for pages and overlaps in a large world. `import` compares the import
of a CBZ to `add-asset` of its pages as files, and `memory` shows what the import of many takes.

The world has 10,000 variants of 30 made-up pages, and one of 1,000. Every hundredth variant is a
re-encoding of the one before it; every second one has an advert of its own encoding, the same one
all over.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sized
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine as SqlEngine
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import build_world
from dam.core.database.bulk import insert_rows
from dam.core.ecs.components import EntityId, table_of
from dam.core.ecs.rows import create_entities, write_rows
from dam.core.world import World
from dam.media.image.values import BITMAP_RECIPE
from dam.models import ComicBookVariantComponent, ImagePerceptualPHashComponent, PageLink
from dam.services.comic_book_service import get_ordered_pages_for_comic_variant
from dam.services.comic_overlap_service import find_duplicates, overlap_of
from dam.services.page_service.listing import describe_pages
from tests.benchmarks import comic_import
from tests.benchmarks.asset_life import READ_AT, config_for
from tests.benchmarks.engines import ENGINES, Engines
from tests.benchmarks.report import bar, say
from tests.databases import postgres_server

_PAGES, _MANY_PAGES, _REENCODED_EVERY, _ADVERT_EVERY = 30, 1000, 100, 2
_BATCH = 1000
_RUNS = 20
_MS_OF_BAR, _MS_OF_DESCRIPTION = 10, 50

Hashes = NDArray[np.uint64]


def _made_up_hashes(count: int) -> Hashes:
    """Return the hashes of the pages of the variants, shape (count, 30)."""
    random = np.random.default_rng(3)
    hashes = random.integers(0, 2**64, (count, _PAGES), dtype=np.uint64)
    advert = hashes[0, -1]
    hashes[_REENCODED_EVERY::_REENCODED_EVERY] = hashes[
        _REENCODED_EVERY - 1 : -1 : _REENCODED_EVERY
    ]
    hashes[::_ADVERT_EVERY, -1] = advert
    noise = np.uint64(1) << random.integers(0, 64, (2, *hashes.shape), dtype=np.uint64)
    made_up: Hashes = hashes ^ noise[0] ^ noise[1]
    return made_up


async def _add_variants(session: AsyncSession, hashes: Hashes) -> list[EntityId]:
    """Create variants, each with as many pictures as pages as a row has hashes."""
    count, pages = hashes.shape
    variants = list(await create_entities(session, count, now=READ_AT))
    images = list(await create_entities(session, count * pages, now=READ_AT))
    facts = [{"entity_id": entity_id, "is_primary_variant": False} for entity_id in variants]
    await write_rows(session, ComicBookVariantComponent, facts, replace=False)
    values = hashes.astype(">u8").tobytes()
    phashes = [
        {"entity_id": image, "recipe": BITMAP_RECIPE, "value": values[8 * at : 8 * at + 8]}
        for at, image in enumerate(images)
    ]
    await write_rows(session, ImagePerceptualPHashComponent, phashes, replace=False)
    links = [
        {
            "owner_entity_id": variants[at // pages],
            "page_image_entity_id": image,
            "page_number": at % pages + 1,
            "is_double_page": False,
        }
        for at, image in enumerate(images)
    ]
    await insert_rows(session, table_of(PageLink), links)
    return variants


@contextmanager
def _statements() -> Iterator[list[str]]:
    """Yield what is asked of any database while the block runs, transactions left out."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            asked.append(statement)

    event.listen(SqlEngine, "before_cursor_execute", note)
    yield asked
    event.remove(SqlEngine, "before_cursor_execute", note)


async def _timed(job: Callable[[], Awaitable[Any]]) -> tuple[float, Any]:
    started = time.perf_counter()
    answer = await job()
    return time.perf_counter() - started, answer


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        world = await build_world(config_for(url, Path(folder)), plugins=False)
        yield world
        await world.close()


async def _show(engine: str, url: str, count: int) -> None:
    hashes = _made_up_hashes(count)
    async with _opened(url) as world:
        variants: list[EntityId] = []
        for start in range(0, count, _BATCH):
            variants += await world.run(_add_variants, hashes[start : start + _BATCH])
        random = np.random.default_rng(5)
        many = random.integers(0, 2**64, (1, _MANY_PAGES), dtype=np.uint64)
        (long_one,) = await world.run(_add_variants, many)
        say(f"\n{engine}: {count:,} variants, {count * _PAGES + _MANY_PAGES:,} pages")
        await _show_pages(world, long_one)
        await _show_overlap(world, variants)


async def _show_pages(world: World, owner: EntityId) -> None:
    reads: dict[str, Callable[[], Awaitable[Sized]]] = {
        "get_ordered_pages": lambda: world.read(get_ordered_pages_for_comic_variant, owner),
        "describe_pages": lambda: world.read(describe_pages, owner),
    }
    for name, read in reads.items():
        with _statements() as asked:
            assert len(await read()) == _MANY_PAGES
        times = [(await _timed(read))[0] * 1000 for _ in range(_RUNS)]
        at_most = _MS_OF_BAR if name == "get_ordered_pages" else _MS_OF_DESCRIPTION
        bar(f"ms, {name} of {_MANY_PAGES:,} pages", median(times), at_most=at_most)
        bar("statements", len(asked), at_most=1)


async def _show_overlap(world: World, variants: list[EntityId]) -> None:
    couple = variants[_REENCODED_EVERY - 1], variants[_REENCODED_EVERY]
    first, _ = await _timed(partial(overlap_of, world, couple[0]))
    say(f"  {first:7.2f}  s, overlap of one, first of all, which packs the hashes")
    for name, entity_id in (("without", couple[0]), ("with", variants[2])):
        times = [await _timed(partial(overlap_of, world, entity_id)) for _ in range(5)]
        found = times[0][1]
        bar(
            f"s, overlap of one {name} the advert, {len(found)} found",
            median(seconds for seconds, _ in times),
            at_most=1,
        )
        if entity_id == couple[0]:
            assert [one.variant_entity_ids for one in found] == [couple], found
    seconds, found = await _timed(partial(find_duplicates, world))
    say(f"  {seconds:7.2f}  s, all pairs: {len(found)} found")
    assert len(found) == (len(variants) - 1) // _REENCODED_EVERY, len(found)


def main() -> None:
    """Run what the command line asks for."""
    jobs = {
        "world": _show_world,
        "import": comic_import.compare_import,
        "memory": comic_import.show_memory,
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", nargs="?", choices=jobs, default="world")
    parser.add_argument("--quick", action="store_true", help="little of all: does it work at all")
    parser.add_argument("--runs", type=int, default=5, help="take medians of so many, for import")
    parser.add_argument("--comics", type=int, help="how many, for memory")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    jobs[options.job](options)


def _show_world(options: argparse.Namespace) -> None:
    """Print what pages and overlaps cost on both engines."""
    count = 1000 if options.quick else 10_000
    with tempfile.TemporaryDirectory() as folder, postgres_server() as server:
        engines = Engines(Path(folder), server)
        for engine in ENGINES:
            with engines.fresh(engine) as url:
                asyncio.run(_show(engine, url, count))


if __name__ == "__main__":
    main()
