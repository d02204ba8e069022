"""`WorldCache`: the folder of a world for files that can be made again, such as thumbnails."""

import asyncio
from pathlib import Path

from dam.core.database.database import Database
from dam.services.world_service.identity import world_uuid
from dam.storage.caches.thumbnail_cache import ThumbnailCache


class WorldCache:
    """A folder named by the UUID in the world's database, so that a reset world gets a new one."""

    def __init__(self, database: Database, root: Path) -> None:
        self._database = database
        self._root = root
        self._folder: Path | None = None
        self._lock = asyncio.Lock()

    async def folder(self) -> Path:
        """Return the folder of this world; it is created when the first file is written to it."""
        async with self._lock:
            if self._folder is None:
                self._folder = self._root / await self._database.read(world_uuid)
        return self._folder

    async def thumbnails(self) -> ThumbnailCache:
        """Return the thumbnails of this world."""
        return ThumbnailCache(await self.folder() / "thumbnails")
