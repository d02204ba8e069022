"""`LikenessIndex`: keeps all perceptual hashes of a world in packed files in its cache."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import ComponentRevision, table_of
from dam.errors import MissingExtraError
from dam.models import ImagePerceptualHashComponent
from dam.services.world_service import WorldCache

if TYPE_CHECKING:  # numpy comes with an extra
    from dam.storage.caches.hash_blocks import HashBlock, HashBlocks

_PAGE = 20_000


class LikenessIndex:
    """Gives access to the packed hashes of one world; they can be made again from the database."""

    def __init__(self, cache: WorldCache) -> None:
        self._cache = cache

    async def of(self, kind: type[ImagePerceptualHashComponent], recipe: int) -> "PackedHashes":
        """Return the hashes of one algorithm and recipe.

        Raises:
            MissingExtraError: numpy is not installed.
        """
        try:
            from dam.storage.caches.hash_blocks import HashBlocks  # noqa: PLC0415 - may be absent
        except ModuleNotFoundError as error:
            raise MissingExtraError("image", "comparing pictures") from error
        folder = await self._cache.folder()
        blocks = HashBlocks(folder / "likeness" / f"{kind.__tablename__}-v{recipe}")
        return PackedHashes(kind=kind, recipe=recipe, blocks=blocks)


@dataclass(frozen=True, kw_only=True)
class PackedHashes:
    """The packed hashes of one algorithm and recipe."""

    kind: type[ImagePerceptualHashComponent]
    recipe: int
    blocks: "HashBlocks"

    async def current(self, session: AsyncSession) -> "HashBlock":
        """Return all hashes in the session's snapshot; pack those that are not packed yet.

        The result may also have hashes that were replaced or deleted meanwhile. The caller must
        compare each match with its row in the database.
        """
        current = await _revision(session, self.kind)
        block, known = await asyncio.to_thread(self.blocks.load, current)
        if known == current:
            return block
        news = await _written_since(session, self.kind, self.recipe, known)
        await asyncio.to_thread(self.blocks.extend, known, current, news)
        return type(news).joined([block, news])


async def _revision(session: AsyncSession, kind: type[ImagePerceptualHashComponent]) -> int:
    counted = select(ComponentRevision.revision)
    revision = await session.scalar(
        counted.where(ComponentRevision.table_name == kind.__tablename__)
    )
    return revision or 0


async def _written_since(
    session: AsyncSession, kind: type[ImagePerceptualHashComponent], recipe: int, revision: int
) -> "HashBlock":
    from dam.storage.caches.hash_blocks import HashBlock  # noqa: PLC0415 - see `of`

    # Plain columns: with a mapped class the ORM would look at every row once more.
    columns = table_of(kind).c
    written = select(columns.entity_id, columns.value).where(
        columns.recipe == recipe, columns.value.is_not(None)
    )
    if revision:  # without one all rows are wanted, and the index would be a detour
        written = written.where(columns.revision > revision)
    pages = []
    stream = await session.stream(written.execution_options(yield_per=_PAGE))
    async for page in stream.partitions():
        entity_ids, values = zip(*page, strict=True)
        pages.append(HashBlock.of(entity_ids, values))
    return HashBlock.joined(pages)
