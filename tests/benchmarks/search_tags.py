"""What it costs to tag 50,000 assets, and to merge a tag with 50,000 uses, while others read.

`python -m tests.benchmarks.search_tags URL` is the process that reads: it searches until its input
ends, and prints how often, and how long the longest search took.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import build_world
from dam.core.world import World
from dam.models import FilePropertiesComponent
from dam.services.search_service import search_page
from dam.services.tag_service import merge_tags, tag_entities
from tests.benchmarks.report import bar, say
from tests.databases import world_config

_USES = 50_000


async def show_tagging(world: World, url: str) -> None:
    """Print how long each takes, in one transaction, and what a reader of the same world saw."""
    ids = await world.read(_some_ids)
    with _reading(url):
        await _show(f"tagging {len(ids):,} assets", world.run, tag_entities, ids, ["bulk"])
        await _show("merging this tag into another one", world.run, merge_tags, "bulk", "a")


async def _show(what: str, run: Callable[..., Awaitable[object]], *call: object) -> None:
    started = time.perf_counter()
    await run(*call)
    bar(f"s, {what}", time.perf_counter() - started, at_most=3)


async def _some_ids(session: AsyncSession) -> list[int]:
    files = select(FilePropertiesComponent.entity_id).order_by(FilePropertiesComponent.entity_id)
    return list(await session.scalars(files.limit(_USES)))


@contextmanager
def _reading(url: str) -> Iterator[None]:
    command = [sys.executable, "-m", __name__, url]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        yield
        output, _ = reader.communicate("")
    say(f"           {output.strip()}")


async def _read(url: str) -> None:
    """Search until the input ends."""
    with tempfile.TemporaryDirectory() as folder:
        config = world_config(url, storage_url=f"{folder}/store", cache_path=Path(folder))
        world = await build_world(config, plugins=False)
        ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
        took_s = []
        while not ended.done():
            started = time.perf_counter()
            await world.read(search_page, "tag:a tag:b")
            took_s.append(time.perf_counter() - started)
            if len(took_s) == 1:
                say("reading")
        say(f"meanwhile another process: {len(took_s):,} searches, {max(took_s):.2f} s at most")
        await world.close()


if __name__ == "__main__":
    asyncio.run(_read(sys.argv[1]))
