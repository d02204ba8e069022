"""What searches and tags cost: first pages, conjunctions without a hit, all ids, and tagging.

`python -m tests.benchmarks.search` makes a world of 100,000 assets on each database by bulk rows,
prints the figures, and for what is too slow how the database went about it. `--million` makes one
of a million, too; `--engine` takes one database only.
"""

import argparse
import asyncio
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from textwrap import shorten

from dam.app import build_world
from dam.core.world import World
from dam.services.search_service import count, explain, facets, search_ids, search_page
from tests.benchmarks.engines import ENGINES, Engines
from tests.benchmarks.report import bar, say
from tests.benchmarks.search_tags import show_tagging
from tests.benchmarks.search_world import fill, tidy
from tests.databases import postgres_server, world_config

_RUNS = 7


@dataclass(frozen=True)
class _Bar:
    """A query, and within how many milliseconds its first page has to be there."""

    query: str
    at_most_ms: float
    has_hits: bool = True


_BARS = (
    _Bar("type:image width:>3000 -tag:x", 20),
    _Bar("tag:a tag:b added:2024", 20),
    _Bar("tag:rating>=4 holiday", 20),
    _Bar("tag:even tag:odd added:2024", 100, has_hits=False),
    _Bar("type:video width:>3000 tag:x", 100, has_hits=False),
    _Bar("type:image width:>100000 -tag:x", 100, has_hits=False),
    _Bar("holiday tag:a name:*zzz*", 100, has_hits=False),
    _Bar("sort:path", 2000),
    _Bar(" or ".join(["holiday", *(f"w{at}" for at in range(199))]), 500),
)
_BARS_OF_A_MILLION = (
    _Bar("tag:a tag:b", 50),
    _Bar('tag:"subject 7"', 50),
    _Bar("type:image width:>3000 -tag:x", 50),
    _Bar("tag:a tag:b added:2024", 50),
    _Bar("holiday", 100),
    _Bar("img kalo", 100),
    _Bar("jpg", 100),
    _Bar('"kalo jpg"', 100),
    _Bar("tag:rating>=4 holiday", 100),
)


async def _timed_ms(world: World, query: str) -> tuple[float, int]:
    times, found = [], 0
    for _ in range(_RUNS + 1):
        async with world.database.reader() as session:
            started = time.perf_counter()
            page = await search_page(session, query)
            times.append((time.perf_counter() - started) * 1000)
            found = len(page.entity_ids)
    return median(times[1:]), found


async def _show(world: World, bars: tuple[_Bar, ...]) -> None:
    for each in bars:
        took_ms, found = await _timed_ms(world, each.query)
        assert bool(found) == each.has_hits, (each.query, found)
        shown = shorten(each.query, 40, placeholder=" …")
        bar(f"ms, first page of `{shown}`, {found} ids", took_ms, at_most=each.at_most_ms)
        how = await world.read(explain, each.query)
        say(f"           begins with {how.index or 'all assets'}")
        if took_ms > each.at_most_ms:
            say(how.sql)
            for line in how.plan:
                say(f"           {line}")


async def _show_all_ids(world: World) -> None:
    times = []
    for _ in range(3):
        started = time.perf_counter()
        found = await world.read(search_ids, "")
        times.append(time.perf_counter() - started)
    bar(f"s, all {len(found):,} ids", median(times), at_most=1.5)


async def _show_counts(world: World, query: str) -> None:
    for name, function in (("count", count), ("facets", facets)):
        started = time.perf_counter()
        await world.read(function, query)
        say(f"  {(time.perf_counter() - started) * 1000:7.0f}  ms, {name} of `{query}`")


async def _measure(engine: str, url: str, number: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = world_config(url, storage_url=f"{folder}/store", cache_path=Path(folder))
        world = await build_world(config, plugins=False)
        started = time.perf_counter()
        await fill(world, number)
        tidy(url)
        say(f"\n{engine}: {number:,} assets, made in {time.perf_counter() - started:.0f} s")
        is_million = number > 200_000
        await _show(world, _BARS_OF_A_MILLION if is_million else _BARS)
        await _show_all_ids(world)
        await _show_counts(world, "type:image")
        await _show_counts(world, "tag:a")
        await show_tagging(world, url)
        await world.close()


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, default=100_000, help="how many")
    parser.add_argument("--million", action="store_true", help="a world of a million, too")
    parser.add_argument("--engine", choices=ENGINES, help="this database only")
    options = parser.parse_args()
    numbers = [options.assets] + [1_000_000] * options.million
    engines = [options.engine] if options.engine else ENGINES
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        made = Engines(Path(folder), stack.enter_context(postgres_server()))
        for number in numbers:
            for engine in engines:
                with made.fresh(engine) as url:
                    asyncio.run(_measure(engine, url, number))


if __name__ == "__main__":
    main()
