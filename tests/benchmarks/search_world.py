"""A world of many tagged assets for benchmarks of searches, written by bulk rows."""

import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy.ext.asyncio import AsyncSession

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
    OriginalSourceInfoComponent,
    SearchEntryComponent,
    TagConceptComponent,
    TagNameComponent,
    TrashedComponent,
    search_changes,
)

_NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
_BATCH = 20_000
_TAGS = ("x", "a", "b", "even", "odd", "rating", *(f"subject {n}" for n in range(1000)))
_SIZES = ((4000, 3000), (1920, 1080), (3000, 4000), (6000, 4000), (800, 600))
_SYLLABLES = ("ka", "lo", "mi", "ter", "sun", "bra", "vel", "dor", "ing", "ost", "pe", "ru")


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
        yield OriginalSourceInfoComponent, {**own, **_source(f"/photos/{words[0]}/{name}")}
        entry = {"words": f" {' '.join(words_of(name))} ", "name_key": fold(name)}
        yield SearchEntryComponent, {**own, **entry, "is_listed": chance.random() < 0.9}
        if is_image:
            width, height = chance.choice(_SIZES)
            yield ImageDimensionsComponent, {**own, "width": width, "height": height}
        if chance.random() < 0.01:
            yield TrashedComponent, {**own, "trashed_at": _NOW}
        yield from _links(chance, entity_id)


def _source(path: str) -> dict[str, Any]:
    digest = hashlib.sha256(path.encode()).digest()
    found = {"path": path.encode(), "path_text": path, "path_digest": digest}
    seen = dict.fromkeys(("first_seen_at", "last_seen_at", "read_at"), _NOW)
    return {**found, **seen, "size_bytes": 1, "mtime_ns": 0, "mode": 0o644}


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


async def fill(world: World, number: int) -> None:
    """Write tags and so many assets."""
    chance = random.Random(7)  # noqa: S311 - no secret
    await world.run(_write_tags)
    for start in range(0, number, _BATCH):
        await world.run(_write_assets, chance, min(_BATCH, number - start))


def tidy(url: str) -> None:
    """Do what PostgreSQL does by itself after a while, but not in tests."""
    if url.startswith("postgresql"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
