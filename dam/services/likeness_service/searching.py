"""Finds pictures that look like a given one, by their perceptual hashes."""

import asyncio
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId
from dam.core.read_only import ReadOnly
from dam.core.world import World
from dam.errors import ItemError, UnreadableQueryError, display_path
from dam.media.image.entry import hash_query_image, require_extra
from dam.media.image.values import Transform
from dam.models import (
    ContentHashSHA256Component,
    FilePropertiesComponent,
    ImageDimensionsComponent,
    ImagePerceptualAHashComponent,
    ImagePerceptualDHashComponent,
    ImagePerceptualHashComponent,
    ImagePerceptualPHashComponent,
)
from dam.services import content_service, ecs_service
from dam.services.asset_service import archive_places, last_paths
from dam.services.file_operations import FileOperationsResource
from dam.services.likeness_service.index import LikenessIndex, PackedHashes
from dam.storage.contents.located import LocatedContent
from dam.storage.sources.reading import digest_chunks, open_source
from dam.storage.sources.reference import Reference

if TYPE_CHECKING:  # numpy comes with an extra
    from dam.storage.caches.hash_blocks import HashBlock

Algorithm = Literal["phash", "dhash", "ahash"]
"""The perceptual hashes: of frequencies, of differences between neighbours, of the average."""

_PAGE = 500

_COMPONENTS: dict[Algorithm, type[ImagePerceptualHashComponent]] = {
    "phash": ImagePerceptualPHashComponent,
    "dhash": ImagePerceptualDHashComponent,
    "ahash": ImagePerceptualAHashComponent,
}


@dataclass(frozen=True, kw_only=True)
class SimilarImage:
    """A picture that is similar to the query.

    Args:
        distance: Number of bits that differ, 0 to 64.
        transform: How the query was turned or mirrored to get this distance.
        identical: The bytes are those of the query.
        path: Where its file was seen last; None if it was seen only in an archive.
        archive: Where the archive that has it was seen last, if `path` is None.
        member: Its name in that archive.
    """

    entity_id: EntityId
    distance: int
    algorithm: Algorithm
    transform: Transform
    identical: bool
    sha256: bytes
    name: str | None
    width: int | None
    height: int | None
    size_bytes: int | None
    path: str | None
    archive: str | None = None
    member: str | None = None


@dataclass(frozen=True, kw_only=True)
class LikenessOptions:
    """Options of a search for similar pictures.

    Args:
        algorithm: The perceptual hash to compare.
        threshold: The greatest number of bits that may differ, 0 to 64; None means the default of
            the algorithm.
        limit: The greatest number of results; None means no limit.
        has_transforms: Also compare the query turned and mirrored, eight ways in all.
        hidden: Whether pictures in the trash are left out.
    """

    algorithm: Algorithm = "phash"
    threshold: int | None = None
    limit: int | None = None
    has_transforms: bool = False
    hidden: ecs_service.Hidden = "leave_out"


@dataclass(frozen=True, kw_only=True)
class _Query:
    """The hashes to search for, by transform; empty for a picture without structure."""

    hashes: Mapping[Transform, int]
    recipe: int
    sha256: bytes
    leave_out: EntityId | None = None


_DEFAULTS = LikenessOptions()


async def find_similar_to_file(
    world: ReadOnly[World], path: Path, options: LikenessOptions = _DEFAULTS
) -> list[SimilarImage]:
    """Return the pictures similar to a file, most similar first.

    Example: `await find_similar_to_file(world, Path("cat.jpg"), LikenessOptions(threshold=4))`.

    Args:
        world: The world to search.
        path: The picture; it need not be in the world.
        options: What counts as similar, and how many results are wanted.

    Raises:
        UnreadableQueryError: The file cannot be read or decoded.
        MissingExtraError: The extra `image` is not installed.
    """
    files = world.resources.get(FileOperationsResource)
    shown = display_path(path)
    try:
        content = await asyncio.to_thread(_hashed_file, path)
    except ItemError as error:
        raise UnreadableQueryError(shown, error.message, error.hint) from error
    return await _search(world, await _query(files, content, shown, options), options)


async def find_similar_to_entity(
    world: ReadOnly[World], entity_id: EntityId, options: LikenessOptions = _DEFAULTS
) -> list[SimilarImage]:
    """Return the pictures similar to an asset, most similar first, without the asset itself.

    Example: `await find_similar_to_entity(world, 12, LikenessOptions(limit=5))`.

    Args:
        world: The world of the asset, which is searched.
        entity_id: The asset.
        options: What counts as similar, and how many results are wanted.

    Raises:
        EntityNotFoundError: There is no such entity.
        UnreadableQueryError: The asset has no perceptual hash, or its bytes cannot be read.
        MissingExtraError: The extra `image` is not installed.
    """
    kind = _COMPONENTS[options.algorithm]
    content = (await world.read(content_service.locate, [entity_id])).get(entity_id)
    stored = await world.read(ecs_service.get_component, entity_id, kind)
    if stored is None or content is None:
        await asyncio.to_thread(require_extra)  # without the extra, no asset gets a hash
        raise UnreadableQueryError(f"entity {entity_id}", "it has no perceptual hash")
    if options.has_transforms and stored.value is not None:
        files = world.resources.get(FileOperationsResource)
        query = await _query(files, content, f"sha256:{content.digest.hex()}", options)
    else:
        hashes: dict[Transform, int] = {}
        if stored.value is not None:
            hashes["none"] = int.from_bytes(stored.value, "big")
        query = _Query(hashes=hashes, recipe=stored.recipe, sha256=content.digest)
    return await _search(world, replace(query, leave_out=entity_id), options)


def _hashed_file(path: Path) -> LocatedContent:
    """Return a user's file as the only place of its content."""
    with open_source(path) as source:
        digest = digest_chunks(source.chunks()).sha256
        size_bytes, mtime_ns = source.reading.size_bytes, source.reading.mtime_ns
        real = Path(os.path.realpath(path))  # /dev/stdin is another file for a worker
        reference = Reference(path=real, size_bytes=size_bytes, mtime_ns=mtime_ns)
        vouched = (source.state,)
    return LocatedContent(digest=digest, is_stored=False, references=(reference,), vouched=vouched)


async def _query(
    files: FileOperationsResource, content: LocatedContent, shown: str, options: LikenessOptions
) -> _Query:
    """Decode the query in a worker, as any other picture."""
    (found,) = await files.each(partial(hash_query_image, limits=files.limits), [content])
    if isinstance(found, ItemError):
        raise UnreadableQueryError(shown, found.message, found.hint) from found
    if isinstance(found, Exception):
        raise found
    hashes: dict[Transform, int] = {
        transform: getattr(by_algorithm, options.algorithm)
        for transform, by_algorithm in found.by_transform.items()
        if found.has_structure and (options.has_transforms or transform == "none")
    }
    return _Query(hashes=hashes, recipe=found.recipe_version, sha256=content.digest)


@dataclass(frozen=True, slots=True)
class _Match:
    distance: int
    entity_id: EntityId
    transform: Transform
    value: bytes | None


async def _search(world: World, query: _Query, options: LikenessOptions) -> list[SimilarImage]:
    kind = _COMPONENTS[options.algorithm]
    packed = await world.resources.get(LikenessIndex).of(kind, query.recipe)
    return await world.read(_find, packed, query, options)


async def _find(
    session: AsyncSession, packed: PackedHashes, query: _Query, options: LikenessOptions
) -> list[SimilarImage]:
    """Search one snapshot of the database; an asset with the same bytes is always found."""
    same = ContentHashSHA256Component
    alike = select(same.entity_id).where(
        same.digest == query.sha256, ecs_service.shown(same.entity_id, options.hidden)
    )
    identical = await session.scalar(alike)
    matches: list[_Match] = []
    if query.hashes:
        block = await packed.current(session)
        matches = await asyncio.to_thread(_scan, block, query, options)
    matches = [match for match in matches if match.entity_id not in {identical, query.leave_out}]
    if identical is not None and identical != query.leave_out:
        matches.insert(0, _Match(0, identical, "none", None))
    found: list[SimilarImage] = []
    for page in portions(matches, _PAGE):
        rows = await _described(session, options, {match.entity_id for match in page})
        confirmed = list(_confirmed(rows, page, query, options.algorithm))
        found += await _placed(session, confirmed)
        if options.limit is not None and len(found) >= options.limit:
            return found[: options.limit]
    return found


def _scan(block: "HashBlock", query: _Query, options: LikenessOptions) -> list[_Match]:
    """Return the matches in a block, most similar first.

    A block may still have hashes that were replaced, so an entity can match more than once, each
    time with a different hash.
    """
    from dam.media.likeness import DEFAULT_THRESHOLDS, nearest  # noqa: PLC0415 - needs numpy

    threshold = options.threshold
    if threshold is None:
        threshold = DEFAULT_THRESHOLDS[options.algorithm]
    matches: dict[tuple[EntityId, int], _Match] = {}
    for transform, wanted in query.hashes.items():
        where, distances = nearest(block.hashes, wanted, threshold=threshold)
        ids = block.entity_ids[where].tolist()
        values = block.hashes[where].tolist()
        for entity_id, value, distance in zip(ids, values, distances.tolist(), strict=True):
            known = matches.get((entity_id, value))
            if known is None or distance < known.distance:
                packed = value.to_bytes(8, "big")
                matches[entity_id, value] = _Match(distance, entity_id, transform, packed)
    return sorted(matches.values(), key=lambda match: (match.distance, match.entity_id))


async def _described(
    session: AsyncSession, options: LikenessOptions, entity_ids: Collection[EntityId]
) -> dict[EntityId, Row[*tuple[Any, ...]]]:
    digest, file = ContentHashSHA256Component, FilePropertiesComponent
    size, kind = ImageDimensionsComponent, _COMPONENTS[options.algorithm]
    belongs = ecs_service.shown(digest.entity_id, options.hidden)
    statement = (
        select(
            digest.entity_id,
            digest.digest,
            file.name_text,
            file.size_bytes,
            size.width,
            size.height,
            kind.value,
        )
        .outerjoin(file, file.entity_id == digest.entity_id)
        .outerjoin(size, size.entity_id == digest.entity_id)
        .outerjoin(kind, kind.entity_id == digest.entity_id)
        .where(digest.entity_id.in_(entity_ids), belongs)
    )
    found = await session.execute(statement)
    return {row.entity_id: row for row in found.all()}


def _confirmed(
    rows: Mapping[EntityId, Row[*tuple[Any, ...]]],
    matches: Iterable[_Match],
    query: _Query,
    algorithm: Algorithm,
) -> Iterator[SimilarImage]:
    """Yield the matches whose entity still exists and still has the hash that matched."""
    for match in matches:
        row = rows.get(match.entity_id)
        if row is None or (match.value is not None and match.value != row.value):
            continue
        yield SimilarImage(
            entity_id=match.entity_id,
            distance=match.distance,
            algorithm=algorithm,
            transform=match.transform,
            identical=row.digest == query.sha256,
            sha256=row.digest,
            name=row.name_text,
            width=row.width,
            height=row.height,
            size_bytes=row.size_bytes,
            path=None,
        )


async def _placed(session: AsyncSession, found: Iterable[SimilarImage]) -> list[SimilarImage]:
    """Return the pictures with their paths or, where there is none, their places in archives."""
    pictures = {one.entity_id: one for one in found}
    paths = await last_paths(session, pictures)
    places = await archive_places(session, pictures.keys() - paths.keys())
    placed = []
    for entity_id, one in pictures.items():
        archive, member = places.get(entity_id, (None, None))
        path = paths.get(entity_id)
        placed.append(replace(one, path=path, archive=archive, member=member))
    return placed
