"""Finds assets by the digest of their bytes."""

import asyncio
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from dam.core.ecs.components import EntityId
from dam.core.read_only import ReadOnly
from dam.core.world import World
from dam.errors import (
    DigestNotComputedError,
    ItemError,
    MalformedDigestError,
    UnknownNameError,
    UnreadableQueryError,
    display_path,
)
from dam.models import CONTENT_HASHES, FilePropertiesComponent
from dam.services import content_service
from dam.services.content_service import ShownLocation, location_of, names_of
from dam.services.file_operations import FileOperationsResource
from dam.storage.content_store import ContentStore
from dam.storage.contents.located import ArchiveMember, LocatedContent
from dam.storage.sources.reading import digest_chunks, open_source
from dam.storage.sources.reference import Reference

_DIGITS = {
    name: 2 * hashlib.new(name, usedforsecurity=False).digest_size for name in CONTENT_HASHES
}
_MIN_DIGITS = 8


@dataclass(frozen=True, slots=True)
class DigestPrefix:
    """The first 8 or more hex digits of a digest, in lower case; possibly all of them."""

    name: str
    digits: str

    def bounds(self) -> tuple[bytes, bytes | None]:
        """Return the range of digests with this prefix: the first one, and the first one after it.

        The second is None if the prefix is all `f`.
        """
        whole = _DIGITS[self.name]
        missing = whole - len(self.digits)
        low = int(self.digits, 16) << 4 * missing
        high = low + (1 << 4 * missing)
        beyond = None if high >> 4 * whole else high.to_bytes(whole // 2, "big")
        return low.to_bytes(whole // 2, "big"), beyond


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAsset:
    """An asset found by its digest: the names of its sources (first seen first) and its places.

    `is_trashed` says that it is in the trash.
    """

    entity_id: EntityId
    sha256: bytes
    mime_type: str | None
    size_bytes: int | None
    names: Sequence[str]
    locations: Sequence[ShownLocation]
    is_trashed: bool = False


def parse_digest(text: str, choice: str = "auto") -> DigestPrefix:
    """Return the digest or prefix that a text means.

    With "auto", 32 digits are an MD5, 40 a SHA-1, and any other number a SHA-256 or its beginning.
    The text may also name the digest: `sha1:da39a3ee` is the beginning of a SHA-1.

    Raises:
        UnknownNameError: There is no such digest.
        MalformedDigestError: No hex digits, fewer than 8, or more than the digest has.
    """
    digits = text.strip().lower()
    for named in _DIGITS:
        if choice in ("auto", named) and digits.startswith(f"{named}:"):
            choice, digits = named, digits.removeprefix(f"{named}:")
    by_length = {length: name for name, length in _DIGITS.items()}
    name = by_length.get(len(digits), "sha256") if choice == "auto" else choice
    if name not in CONTENT_HASHES:
        raise UnknownNameError("digest", name, list(CONTENT_HASHES))
    if not re.fullmatch(r"[0-9a-f]+", digits) or not _MIN_DIGITS <= len(digits) <= _DIGITS[name]:
        raise MalformedDigestError(text, name, _MIN_DIGITS, _DIGITS[name])
    return DigestPrefix(name, digits)


async def find_by_digest(world: ReadOnly[World], prefix: DigestPrefix) -> list[FoundAsset]:
    """Return the assets whose digest begins with `prefix`, in the order of their ids.

    Raises:
        DigestNotComputedError: The world does not compute this digest.
    """
    _require_computed(world, prefix.name)
    found = await world.read(_find, prefix)
    store = world.resources.get(FileOperationsResource).store
    return await asyncio.to_thread(_with_locations, store, found)


async def find_by_file(
    world: ReadOnly[World], path: Path, choice: str = "auto"
) -> list[FoundAsset]:
    """Return the assets that have the same digest as a file.

    Example: `await find_by_file(world, Path("cat.jpg"), "md5")`.

    Args:
        world: The world to search.
        path: The file; it need not be in the world.
        choice: The digest to compare; "auto" is SHA-256.

    Raises:
        DigestNotComputedError: The world does not compute this digest.
        UnreadableQueryError: The file cannot be read.
    """
    name = "sha256" if choice == "auto" else choice
    _require_computed(world, name)
    try:
        digest = await asyncio.to_thread(_digest_of_file, path, name)
    except ItemError as error:
        raise UnreadableQueryError(display_path(path), error.message, error.hint) from error
    return await find_by_digest(world, DigestPrefix(name, digest.hex()))


def _require_computed(world: World, name: str) -> None:
    extra = world.config.extra_digests
    if name != "sha256" and name not in extra:
        raise DigestNotComputedError(name, ["sha256", *sorted(extra)])


def _digest_of_file(path: Path, name: str) -> bytes:
    with open_source(path) as source:
        digests = digest_chunks(source.chunks(), [] if name == "sha256" else [name])
        return digests.extra.get(name, digests.sha256)


def has_prefix(column: InstrumentedAttribute[bytes], prefix: DigestPrefix) -> ColumnElement[bool]:
    """Return the SQL condition that a digest has this prefix; an index on the column serves it."""
    low, beyond = prefix.bounds()
    return column >= low if beyond is None else (column >= low) & (column < beyond)


@dataclass(frozen=True, slots=True)
class _Found:
    content: LocatedContent
    mime_type: str | None
    size_bytes: int | None
    names: list[str]
    is_trashed: bool


async def _find(session: AsyncSession, prefix: DigestPrefix) -> dict[EntityId, _Found]:
    kind, file = CONTENT_HASHES[prefix.name], FilePropertiesComponent
    matching = select(kind.entity_id).where(has_prefix(kind.digest, prefix))
    ids = (await session.scalars(matching.order_by(kind.entity_id))).all()
    contents = await content_service.locate(session, ids)
    files = {
        row.entity_id: row
        for row in await session.scalars(select(file).where(file.entity_id.in_(ids)))
    }
    names = await names_of(session, ids)
    trashed = await content_service.trashed_among(session, ids)
    return {
        entity_id: _Found(
            contents[entity_id],
            files[entity_id].media_type if entity_id in files else None,
            files[entity_id].size_bytes if entity_id in files else None,
            names[entity_id],
            entity_id in trashed,
        )
        for entity_id in ids
    }


def _with_locations(store: ContentStore, found: dict[EntityId, _Found]) -> list[FoundAsset]:
    return [
        FoundAsset(
            entity_id=entity_id,
            sha256=item.content.digest,
            mime_type=item.mime_type,
            size_bytes=item.size_bytes,
            names=item.names,
            locations=_locations(store, item.content),
            is_trashed=item.is_trashed,
        )
        for entity_id, item in found.items()
    ]


def _locations(store: ContentStore, content: LocatedContent) -> list[ShownLocation]:
    places: list[Reference | ArchiveMember | None] = [None] if content.is_stored else []
    places += [*content.references, *content.members]
    return [location_of(store, content.digest, place) for place in places]
