"""A made-up world of 5,000 assets to search in: the same every time, and written by bulk rows."""

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.bulk import insert_rows, update_by_key
from dam.core.ecs.components import Base, Entity, ProcessingErrorComponent, table_of
from dam.core.ecs.rows import create_entities
from dam.media.folding import fold, words_of
from dam.media.tag_name import parse_tag
from dam.models import (
    IN_ARCHIVE,
    IN_STORE,
    REFERENCED,
    AudioPropertiesComponent,
    AudioTagsComponent,
    CameraPropertiesComponent,
    ComicBookConceptComponent,
    ComicBookVariantComponent,
    ContainerPropertiesComponent,
    ContentHashSHA256Component,
    DocumentPropertiesComponent,
    DurationComponent,
    EntityTagLinkComponent,
    FileLocationComponent,
    FilePropertiesComponent,
    FramePropertiesComponent,
    GeoPositionComponent,
    ImageDimensionsComponent,
    ImagePerceptualPHashComponent,
    OriginalSourceInfoComponent,
    PageLink,
    SearchEntryComponent,
    StatedTextComponent,
    TagConceptComponent,
    TagNameComponent,
    TagParentComponent,
    TakenAtComponent,
    TrashedComponent,
    VideoPropertiesComponent,
    search_changes,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
WORDS = (
    *("holiday", "Trésor", "red", "cat", "İzmir", "straße", "img", "2024", "日本語", "東京"),
    *(
        "100%",
        "a_b",
        "o'neill",
        "Ünïcode",
        "beach",
        "(scan)",
        "\uff46\uff55\uff4c\uff4c",
        "x",
        "co-op",
        "ÅNGSTRÖM",
    ),
)
ENDINGS = ("jpg", "JPG", "png", "tar.gz", "é", "")
TYPES = (
    *("image/jpeg", "image/jpeg", "image/png", "application/pdf", "application/zip"),
    *("video/mp4", "text/plain", "application/x-odd", None),
)
TAGS: Mapping[str, tuple[str | None, tuple[str, ...], tuple[str, ...]]] = {
    # name: type of its values, aliases, parents
    "animal": (None, ("creature",), ()),
    "cat": (None, ("feline", "Chat Noir"), ("animal",)),
    "red cat": (None, (), ("cat",)),
    "dog": (None, (), ("animal",)),
    "artist:Moebius": (None, ("artist:Jean Giraud",), ()),
    "artist:hergé": (None, (), ()),
    "100%": (None, (), ()),
    "a_b": (None, ("ab*c",), ()),
    "holiday": (None, (), ()),
    "Straße": (None, (), ()),
    "rating": ("integer", (), ()),
    "weight": ("number", (), ()),
    "shot": ("date", (), ("event",)),
    "event": (None, (), ()),
    "mood": ("text", (), ()),
    "unused": (None, (), ()),
}
AUTHORS = (None, "Ann Miller", "Łukasz")
CAMERAS = (
    ("Canon", "Canon EOS 5D", "EF24-105mm f/4L IS USM"),
    ("NIKON CORPORATION", "NIKON D70", None),
    ("FUJIFILM", "X-T5", "XF 35mm F1.4 Ř"),
    (None, "Élan 7", None),
)
CITIES = ((48.8566, 2.3522), (48.7, 2.1), (-36.85, 174.76), (-17.7, 179.9), (89.9, 10.0), (0, 0))
SYSTEMS = ("extract_metadata", "analyse_images", "import_comic")
FOLDERS = ("/photos", "/Photos/été", "/a_b/100%", "C:\\pictures", "/日本")


@dataclass
class Asset:
    """Everything that is known of an asset, a comic variant or both."""

    id: int
    added: datetime
    name: str | None = None
    size: int | None = None
    media_type: str | None = None
    shape: tuple[int, int] | None = None
    frames: int | None = None
    digest: bytes | None = None
    phash: int | None = None
    sources: list[tuple[str, int]] = field(default_factory=list)
    places: list[tuple[str, str | None]] = field(default_factory=list)
    tags: list[tuple[str, str, str | None]] = field(default_factory=list)
    failures: list[tuple[str, bool]] = field(default_factory=list)
    stated: tuple[str | None, str | None, str | None] | None = None
    camera: dict[str, Any] | None = None
    taken: tuple[datetime, int | None] | None = None
    place: tuple[float, float, float | None] | None = None
    streams: dict[str, Any] = field(default_factory=dict)
    song: dict[str, Any] = field(default_factory=dict)
    document: tuple[int | None, bool] | None = None
    is_trashed: bool = False
    is_variant: bool = False
    comic: int | None = None
    language: str | None = None
    pages: int = 0
    page_of: list[int] = field(default_factory=list)
    values: dict[str, list[Any]] = field(default_factory=dict)
    entry: dict[str, Any] = field(default_factory=dict)


@dataclass
class Comic:
    """A comic as a work."""

    id: int
    title: str
    series: str | None
    issue: str | None


@dataclass
class MadeUp:
    """The world: its assets, comics, and tags by name."""

    assets: list[Asset]
    comics: dict[int, Comic]
    tag_ids: dict[str, int]

    def asset(self, entity_id: int) -> Asset | None:
        """Return an asset by its id."""
        at = entity_id - len(self.tag_ids) - len(self.comics) - 1
        return self.assets[at] if 0 <= at < len(self.assets) else None


def made_up(count: int = 5_000, seed: int = 1) -> MadeUp:
    """Return a world; ids begin at 1, tags and comics come first."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    ids = iter(range(1, 10**9))
    tag_ids = {name: next(ids) for name in TAGS}
    comics = {one.id: one for one in (_comic(chance, next(ids)) for _ in range(60))}
    assets = [_asset(chance, next(ids), list(comics)) for _ in range(count)]
    variants = [asset for asset in assets if asset.is_variant]
    for asset in chance.sample(assets, count // 5):
        asset.page_of = [each.id for each in chance.sample(variants, 2) if each is not asset]
        for each in variants:
            each.pages += each.id in asset.page_of
    return MadeUp(assets, comics, tag_ids)


def text(chance: random.Random) -> str:
    """Return a few words."""
    return chance.choice((" ", "_", "-", "/")[:2]).join(
        chance.choice(WORDS) for _ in range(chance.randint(1, 3))
    )


def _comic(chance: random.Random, entity_id: int) -> Comic:
    series = text(chance) if chance.random() < 0.7 else None
    return Comic(entity_id, text(chance), series, chance.choice((None, "1", "½", "1A")))


def _asset(chance: random.Random, entity_id: int, comics: Sequence[int]) -> Asset:
    moment = NOW - timedelta(minutes=chance.randint(0, 2_000_000))
    asset = Asset(entity_id, moment)
    asset.is_variant = chance.random() < 0.05
    if asset.is_variant:
        asset.comic = chance.choice((*comics, None))
        asset.language = chance.choice((None, "en", "fr", "pt-BR"))
    if not asset.is_variant or chance.random() < 0.5:
        _make_file(chance, asset)
    for name in chance.sample(list(TAGS)[:-1], chance.choice((0, 0, 1, 2, 4))):
        for source in chance.sample(("user", "file"), chance.choice((1, 1, 2))):
            asset.tags.append((name, source, _tag_value(chance, TAGS[name][0])))
    asset.is_trashed = chance.random() < 0.05
    for system in chance.sample(SYSTEMS, chance.choice((0, 0, 0, 1, 2))):
        asset.failures.append((system, chance.random() < 0.3))
    return asset


def _make_file(chance: random.Random, asset: Asset) -> None:
    ending = chance.choice(ENDINGS)
    asset.name = text(chance) + (f".{ending}" if ending else "")
    asset.size = chance.choice((0, 1, 2_000_000, chance.randint(0, 5_000_000_000)))
    asset.media_type = chance.choice(TYPES)
    asset.digest = hashlib.sha256(b"%d" % asset.id).digest()
    if (asset.media_type or "").startswith("image/"):
        asset.shape = chance.choice(((1920, 1080), (300, 300), (3001, 4000), (1, 0), (1600, 900)))
        asset.phash = chance.choice((None, chance.getrandbits(3), chance.getrandbits(64)))
        asset.frames = chance.choice((None, None, 2, 30))
    facts = random.Random(asset.id)  # noqa: S311 - no secret
    if asset.shape:
        _make_facts(facts, asset)
    if (asset.media_type or "").startswith(("video/", "audio/")):
        _make_streams(facts, asset)
    if asset.media_type == "application/pdf":
        asset.document = facts.choice((None, 1, 12, 300)), facts.random() < 0.2
    names = [
        f"{chance.choice(FOLDERS)}/{asset.id}-{at}/{asset.name}"
        for at in range(chance.choice((0, 1, 1, 2)))
    ]
    asset.sources = [(name, _ns(chance)) for name in names]
    kind = chance.random()
    if kind < 0.5:
        asset.places.append((IN_STORE, None))
    if 0.4 < kind < 0.7:
        asset.places.append((REFERENCED, names[0] if names else f"/lost/{asset.id}"))
    if kind > 0.6:
        asset.places.append((IN_ARCHIVE, f"Müll {asset.id}/{asset.name}"))


def _make_facts(chance: random.Random, asset: Asset) -> None:
    """Give a picture what its camera and its author have written into it."""
    if chance.random() < 0.3:
        asset.stated = (text(chance), chance.choice((None, text(chance))), chance.choice(AUTHORS))
    if chance.random() < 0.6:
        make, model, lens = chance.choice(CAMERAS)
        asset.camera = {
            "make": make,
            "model": model,
            "lens": lens,
            "exposure_time_s": chance.choice((None, 0.004, 1 / 60, 2.0)),
            "f_number": chance.choice((None, 1.8, 4.0)),
            "iso": chance.choice((None, 100, 12_800)),
            "focal_length_mm": chance.choice((None, 24.0, 70.5)),
        }
        moment = NOW - timedelta(minutes=chance.randint(0, 2_000_000))
        asset.taken = moment.replace(tzinfo=None), chance.choice((None, 0, 120, -330))
    if chance.random() < 0.4:
        north, east = chance.choice(CITIES)
        altitude = chance.choice((None, -3.5, 812.0))
        north, east = north + chance.uniform(-0.2, 0.2), east + chance.uniform(-0.2, 0.2)
        asset.place = max(-90.0, min(90.0, north)), (east + 180) % 360 - 180, altitude


def _make_streams(chance: random.Random, asset: Asset) -> None:
    """Give a video or a song its streams, and what it says of itself."""
    asset.streams = {
        "duration_s": chance.choice((0.5, 59.9, 217.0, 7200.0)),
        "container": chance.choice(("mp4", "matroska", "mp3")),
        "bit_rate": chance.choice((None, 128_000, 4_000_000)),
        "video_codec": chance.choice((None, "h264", "vp9")),
        "frame_rate": chance.choice((None, 25.0, 29.97)),
        "audio_codec": chance.choice((None, "aac", "mp3")),
        "sample_rate_hz": chance.choice((None, 44_100, 48_000)),
        "channels": chance.choice((None, 1, 2, 6)),
    }
    if chance.random() < 0.7:
        asset.song = {
            "artist": chance.choice(AUTHORS),
            "album": chance.choice((None, text(chance))),
            "album_artist": chance.choice(AUTHORS),
            "track": chance.choice((None, 1, 12)),
            "year": chance.choice((None, 1971, 2024)),
            "genre": chance.choice((None, "Jazz", "été")),
        }


def _ns(chance: random.Random) -> int:
    return int(NOW.timestamp() - chance.randint(0, 10**8)) * 10**9 + chance.randrange(10**6) * 1000


def _tag_value(chance: random.Random, kind: str | None) -> str | None:
    day = NOW.date() - timedelta(days=chance.randint(0, 900))
    values = {"integer": str(chance.randint(0, 5)), "number": chance.choice(("1.5", "-2", "1000"))}
    values |= {"date": day.isoformat(), "text": chance.choice(("blue", "Red", "été"))}
    return values.get(kind or "")


def entry_of(world: MadeUp, asset: Asset) -> dict[str, Any]:
    """Return the entry of an asset: its words, the key of its name, whether it is listed."""
    if not asset.entry:
        asset.entry = _entry_of(world, asset)
    return asset.entry


def _entry_of(world: MadeUp, asset: Asset) -> dict[str, Any]:
    comic = world.comics.get(asset.comic or 0)
    texts = [asset.name, comic and comic.title, comic and comic.series, *(asset.stated or ())]
    texts += [asset.song.get(each) for each in ("artist", "album", "album_artist")]
    name = asset.name or (comic and comic.title)
    words = " | ".join(" ".join(words_of(each)) for each in texts if each)
    in_archives = {place for place, _ in asset.places} == {IN_ARCHIVE}
    return {
        "entity_id": asset.id,
        "words": f" {words} ",
        "name_key": fold(name)[:255] if name else None,
        "is_listed": asset.is_variant or not in_archives,
    }


def _rows(world: MadeUp) -> Iterator[tuple[type[Base], list[dict[str, Any]]]]:
    yield from _tag_rows(world)
    yield (
        ComicBookConceptComponent,
        [
            {
                "entity_id": comic.id,
                "name": comic.title,
                "comic_title": comic.title,
                "series_title": comic.series,
                "issue_number": comic.issue,
            }
            for comic in world.comics.values()
        ],
    )
    found: dict[type[Base], list[dict[str, Any]]] = {}
    for asset in world.assets:
        for kind, row in _asset_rows(world, asset):
            found.setdefault(kind, []).append(row)
    yield from found.items()


def _tag_rows(world: MadeUp) -> Iterator[tuple[type[Base], list[dict[str, Any]]]]:
    concepts, names, parents = [], [], []
    for text_, (value_type, aliases, above) in TAGS.items():
        tag, entity_id = parse_tag(text_).tag, world.tag_ids[text_]
        concepts.append(
            {
                "entity_id": entity_id,
                "namespace": tag.namespace,
                "name": tag.name,
                "value_type": value_type,
            }
        )
        for name in (text_, *aliases):
            named = parse_tag(name).tag
            names.append(
                {
                    "entity_id": entity_id,
                    "key": named.key,
                    "digest": named.digest,
                    "is_alias": name != text_,
                }
            )
        parents += [
            {"entity_id": entity_id, "parent_entity_id": world.tag_ids[parent]} for parent in above
        ]
    yield TagConceptComponent, concepts
    yield TagNameComponent, names
    yield TagParentComponent, parents


def number_of(value: str | None, kind: str | None) -> float | None:
    """Return the number by which a tag's value compares."""
    if value is None or kind == "text":
        return None
    if kind == "date":
        return float(datetime.fromisoformat(value).date().toordinal())
    return float(value)


def _asset_rows(world: MadeUp, asset: Asset) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    own = {"entity_id": asset.id}
    yield SearchEntryComponent, entry_of(world, asset)
    if asset.name is not None:
        facts = {"size_bytes": asset.size, "media_type": asset.media_type}
        named = {"name": asset.name.encode(), "name_text": asset.name}
        yield FilePropertiesComponent, {**own, **facts, **named}
        yield ContentHashSHA256Component, {**own, "digest": asset.digest}
    if asset.shape:
        yield (
            ImageDimensionsComponent,
            {**own, "width": asset.shape[0], "height": asset.shape[1]},
        )
        value = None if asset.phash is None else asset.phash.to_bytes(8)
        yield ImagePerceptualPHashComponent, {**own, "recipe": 1, "value": value, "revision": 1}
    yield from _fact_rows(asset)
    if asset.frames:
        yield FramePropertiesComponent, {**own, "frame_count": asset.frames, "is_animated": True}
    if asset.is_trashed:
        yield TrashedComponent, {**own, "trashed_at": NOW}
    if asset.is_variant:
        facts = {"conceptual_entity_id": asset.comic, "is_primary_variant": False}
        yield ComicBookVariantComponent, {**own, **facts, "language": asset.language}
    yield from _many_rows(world, asset)


def _fact_rows(asset: Asset) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    own = {"entity_id": asset.id}
    if asset.stated:
        names = "title", "description", "author"
        yield StatedTextComponent, {**own, **dict(zip(names, asset.stated, strict=True))}
    if asset.camera:
        yield CameraPropertiesComponent, {**own, **asset.camera}
    if asset.taken:
        taken, minutes = asset.taken
        row = {"taken_at": taken, "utc_offset_minutes": minutes, "source": "a tag"}
        yield TakenAtComponent, {**own, **row}
    if asset.place:
        names = "latitude", "longitude", "altitude_m"
        yield GeoPositionComponent, {**own, **dict(zip(names, asset.place, strict=True))}
    if asset.streams:
        yield from _stream_rows(asset.streams, own)
    if asset.song:
        yield AudioTagsComponent, {**own, **asset.song}
    if asset.document:
        pages, is_encrypted = asset.document
        row = {"page_count": pages, "is_encrypted": is_encrypted}
        yield DocumentPropertiesComponent, {**own, **row, "created_at": None, "modified_at": None}


def _stream_rows(
    streams: dict[str, Any], own: dict[str, int]
) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    def of(*names: str) -> dict[str, Any]:
        return {**own, **{name: streams[name] for name in names}}

    yield DurationComponent, of("duration_s")
    yield ContainerPropertiesComponent, of("container", "bit_rate")
    video = {**of("frame_rate"), "codec": streams["video_codec"], "rotation": 0}
    yield VideoPropertiesComponent, video
    yield (
        AudioPropertiesComponent,
        {**of("sample_rate_hz", "channels"), "codec": streams["audio_codec"]},
    )


def _many_rows(world: MadeUp, asset: Asset) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    own: dict[str, Any] = {"entity_id": asset.id}
    for path, mtime_ns in asset.sources:
        digest = hashlib.sha256(path.encode()).digest()
        seen = dict.fromkeys(("first_seen_at", "last_seen_at", "read_at"), NOW)
        facts: dict[str, Any] = {"size_bytes": 1, "mtime_ns": mtime_ns, "mode": 0o644}
        found: dict[str, Any] = {"path": path.encode(), "path_digest": digest, "path_text": path}
        yield OriginalSourceInfoComponent, {**own, **found, **facts, **seen}
    for storage, place in asset.places:
        named: dict[str, Any] = {
            "path_text": place,
            "path": None if place is None else place.encode(),
        }
        yield FileLocationComponent, {**own, "storage": storage, **named}
    for name, source, value in asset.tags:
        number = number_of(value, TAGS[name][0])
        tagged = {"tag_entity_id": world.tag_ids[name], "value": value, "number": number}
        yield EntityTagLinkComponent, {**own, "source": source, "system": "", **tagged}
    for system, is_dismissed in asset.failures:
        failure: dict[str, Any] = {"error": "E", "message": "m", "attempts": 1, "occurred_at": NOW}
        failure["dismissed_at"] = NOW if is_dismissed else None
        yield ProcessingErrorComponent, {**own, "system": system, **failure}
    for variant in asset.page_of:
        numbered = {"owner_entity_id": variant, "page_number": asset.id}
        yield PageLink, {**numbered, "page_image_entity_id": asset.id, "is_double_page": False}


async def write(session: AsyncSession, world: MadeUp) -> None:
    """Write the world into an empty database."""
    count = len(world.tag_ids) + len(world.comics) + len(world.assets)
    ids = await create_entities(session, count, now=NOW)
    assert list(ids) == list(range(1, count + 1)), "the database is not empty"
    added = [{"id": asset.id, "created_at": asset.added} for asset in world.assets]
    await update_by_key(session, table_of(Entity), "id", added)
    for kind, rows in _rows(world):
        await insert_rows(session, table_of(kind), rows)
    await session.execute(search_changes.delete())
