"""`LikenessIndex`: all perceptual hashes of a world in packed blocks, kept up to date."""

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs import ComponentRevision
from dam.errors import MissingExtraError
from dam.models.hashes.image_perceptual_hash_component import ImagePerceptualHashComponent
from dam.services.world_cache import WorldCache

if TYPE_CHECKING:  # numpy comes with an extra
    from dam.storage.hash_blocks import HashBlock, HashBlocks

_PAGE = 20_000


class LikenessIndex:
    """The packed hashes of one world; the database is the truth, this can be made again.

    Invariant: a block has every hash that the session's snapshot has. It may also have hashes that
    were replaced or deleted since; the caller drops them when it fetches the rows.
    """

    def __init__(self, cache: WorldCache) -> None:
        self._cache = cache

    async def block(
        self, session: AsyncSession, kind: type[ImagePerceptualHashComponent], recipe: int
    ) -> "HashBlock":
        """Return ids and hashes of one algorithm and recipe.

        Raises:
            MissingExtraError: numpy is not installed.
        """
        blocks = await self._blocks(kind, recipe)
        block, known = blocks.load()
        current = await _revision(session, kind)
        if known > current:  # the cache is of a later state than a database that was restored
            blocks.clear()
            block, known = blocks.load()
        if known < current:
            news = await _written_since(session, kind, recipe, known)
            blocks.extend(known, current, news)
            block, _ = blocks.load()
        return block

    async def _blocks(self, kind: type[ImagePerceptualHashComponent], recipe: int) -> "HashBlocks":
        try:
            from dam.storage.hash_blocks import HashBlocks  # noqa: PLC0415 - the extra may be absent
        except ModuleNotFoundError as error:
            raise MissingExtraError("image", "comparing pictures") from error
        folder = await self._cache.folder()
        return HashBlocks(folder / "likeness" / f"{kind.__tablename__}-v{recipe}")


async def _revision(session: AsyncSession, kind: type[ImagePerceptualHashComponent]) -> int:
    counted = select(ComponentRevision.revision)
    revision = await session.scalar(
        counted.where(ComponentRevision.table_name == kind.__tablename__)
    )
    return revision or 0


async def _written_since(
    session: AsyncSession, kind: type[ImagePerceptualHashComponent], recipe: int, revision: int
) -> "HashBlock":
    from dam.storage.hash_blocks import HashBlock  # noqa: PLC0415 - see `LikenessIndex._blocks`

    written = select(kind.entity_id, kind.value).where(
        kind.revision > revision, kind.recipe == recipe, kind.value.is_not(None)
    )
    entity_ids: list[int] = []
    values: list[bytes] = []
    stream = await session.stream(written.execution_options(yield_per=_PAGE))
    async for page in stream.partitions():
        ids, hashes = zip(*page, strict=True)
        entity_ids += ids
        values += hashes
    return HashBlock.of(entity_ids, values)
