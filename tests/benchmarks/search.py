"""What searches cost: the first page of queries, conjunctions without a hit, and all ids.

`python -m tests.benchmarks.search` makes a world of 100,000 assets on each database by bulk rows,
prints the figures, and for what is too slow how the database went about it. `--million` makes one
of a million, too; `--engine` takes one database only.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import build_world
from dam.core.database.bulk import insert_rows, update_by_key
from dam.core.ecs.components import Base, Entity, table_of
from dam.core.ecs.rows import create_entities
from dam.core.world import World
from dam.media.folding import fold, words_of
from dam.media.tag_name import parse_tag
from dam.models import (
    EntityTagLinkComponent,
    FilePropertiesComponent,
    ImageDimensionsComponent,
    SearchEntryComponent,
    TagConceptComponent,
    TagNameComponent,
    TrashedComponent,
    search_changes,
)
from dam.services.search_service import count, explain, facets, search_ids, search_page
from tests.benchmarks.engines import ENGINES, Engines
from tests.benchmarks.report import bar, say
from tests.databases import postgres_server, world_config

_NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
_RUNS = 7
_BATCH = 20_000
_TAGS = ("x", "a", "b", "even", "odd", "rating", *(f"subject {n}" for n in range(1000)))
_SIZES = ((4000, 3000), (1920, 1080), (3000, 4000), (6000, 4000), (800, 600))
_SYLLABLES = ("ka", "lo", "mi", "ter", "sun", "bra", "vel", "dor", "ing", "ost", "pe", "ru")


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


def _assets(chance: random.Random, ids: list[int]) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    for entity_id in ids:
        is_image = chance.random() < 0.85
        words = [_word(chance) for _ in range(3)]
        words += ["holiday"] if chance.random() < 0.02 else []
        name = f"IMG_{entity_id} {' '.join(words)}.{'jpg' if is_image else 'mp4'}"
        own = {"entity_id": entity_id}
        file = {"size_bytes": chance.randint(10**4, 10**7), "name": name.encode()}
        typed = {"name_text": name, "media_type": "image/jpeg" if is_image else "video/mp4"}
        yield FilePropertiesComponent, {**own, **file, **typed}
        entry = {"words": f" {' '.join(words_of(name))} ", "name_key": fold(name)}
        yield SearchEntryComponent, {**own, **entry, "is_listed": chance.random() < 0.9}
        if is_image:
            width, height = chance.choice(_SIZES)
            yield ImageDimensionsComponent, {**own, "width": width, "height": height}
        if chance.random() < 0.01:
            yield TrashedComponent, {**own, "trashed_at": _NOW}
        yield from _links(chance, entity_id)


def _word(chance: random.Random) -> str:
    return "".join(chance.choice(_SYLLABLES) for _ in range(chance.choice((2, 2, 3, 4))))


def _links(chance: random.Random, entity_id: int) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    odds = {0: 0.2, 1: 0.1, 2: 0.1, 3: entity_id % 2 == 0, 4: entity_id % 2, 5: 0.1}
    tags = [at for at, odd in odds.items() if chance.random() < odd]
    tags += [6 + int(1000 * chance.random() ** 3), 6 + int(1000 * chance.random() ** 3)]
    for at in dict.fromkeys(tags):
        rated = chance.randint(1, 5) if at == 5 else None
        value = {"value": rated and str(rated), "number": rated and float(rated)}
        link = {"entity_id": entity_id, "tag_entity_id": at + 1, "source": "user", "system": ""}
        yield EntityTagLinkComponent, {**link, **value}


async def _write_tags(session: AsyncSession) -> None:
    ids = list(await create_entities(session, len(_TAGS), now=_NOW))
    concepts, names = [], []
    for entity_id, name in zip(ids, _TAGS, strict=True):
        tag = parse_tag(name).tag
        kind = "integer" if name == "rating" else None
        concepts.append({"entity_id": entity_id, "name": name, "value_type": kind})
        named = {"key": tag.key, "digest": tag.digest, "is_alias": False}
        names.append({"entity_id": entity_id, **named})
    await insert_rows(session, table_of(TagConceptComponent), concepts)
    await insert_rows(session, table_of(TagNameComponent), names)


async def _write_assets(session: AsyncSession, chance: random.Random, number: int) -> None:
    ids = list(await create_entities(session, number, now=_NOW))
    added = [
        {"id": each, "created_at": _NOW - timedelta(minutes=chance.randint(0, 2_600_000))}
        for each in ids
    ]
    await update_by_key(session, table_of(Entity), "id", added)
    rows: dict[type[Base], list[dict[str, Any]]] = {}
    for kind, row in _assets(chance, ids):
        rows.setdefault(kind, []).append(row)
    for kind, some in rows.items():
        await insert_rows(session, table_of(kind), some)
    await session.execute(search_changes.delete())


async def _fill(world: World, number: int) -> None:
    chance = random.Random(7)  # noqa: S311 - no secret
    await world.run(_write_tags)
    for start in range(0, number, _BATCH):
        await world.run(_write_assets, chance, min(_BATCH, number - start))


def _tidy(url: str) -> None:
    """Do what PostgreSQL does by itself after a while, but not in tests."""
    if url.startswith("postgresql"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


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
        bar(f"ms, first page of `{each.query}`, {found} ids", took_ms, at_most=each.at_most_ms)
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
        await _fill(world, number)
        _tidy(url)
        say(f"\n{engine}: {number:,} assets, made in {time.perf_counter() - started:.0f} s")
        is_million = number > 200_000
        await _show(world, _BARS_OF_A_MILLION if is_million else _BARS)
        await _show_all_ids(world)
        await _show_counts(world, "type:image")
        await _show_counts(world, "tag:a")
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
