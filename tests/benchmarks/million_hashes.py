"""A world of very many perceptual hashes, and a process that adds and deletes pictures in it.

`python -m tests.benchmarks.million_hashes URL FOLDER` is that process; it ends with its input.
"""

import asyncio
import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from dam.core.world import World
from dam.services.removal_service import remove_assets
from tests.benchmarks.asset_life import (
    READ_AT,
    RECIPE,
    config_for,
    live,
    made_up_files,
    with_world,
)
from tests.benchmarks.raw_life import Loader, Row, Rows, loader_for

QUERY = 1
"""The entity whose like are looked for."""

EXPECTED = {QUERY + bits: bits for bits in range(1, 11)}
"""The entities that are like it, and in how many bits they differ; nobody changes these."""

_PAGE = 50_000
_CHANGED_AT_ONCE = 500
_OTHER_NUMBERS = 1_000_000_000


def fill(url: str, count: int) -> None:
    """Write pictures that are nothing but a digest, a size and a pHash."""
    with closing(loader_for(url)) as loader:
        for start in range(1, count + 1, _PAGE):
            ids = range(start, min(start + _PAGE, count + 1))
            with loader.transaction():
                loader.insert(_rows(loader, ids))
        with loader.transaction():
            loader.count_revision("component_image_perceptual_phash", 1)
            loader.count_entities(count)


def _rows(loader: Loader, ids: Sequence[int]) -> Rows:
    now = loader.time(READ_AT)
    digests = {entity_id: hashlib.sha256(b"%d" % entity_id).digest() for entity_id in ids}
    hashes: list[Row] = [
        (entity_id, RECIPE, _phash(entity_id, digest), 1) for entity_id, digest in digests.items()
    ]
    return {
        "entities": [(entity_id, now) for entity_id in ids],
        "component_content_hash_sha256": list(digests.items()),
        "component_image_dimensions": [(entity_id, 4000, 3000) for entity_id in ids],
        "component_image_perceptual_phash": hashes,
    }


def _phash(entity_id: int, digest: bytes) -> bytes:
    if entity_id != QUERY and entity_id not in EXPECTED:
        return digest[:8]
    return ((1 << EXPECTED.get(entity_id, 0)) - 1).to_bytes(8, "big")


@contextmanager
def changing(url: str, folder: Path) -> Iterator[None]:
    """Have another process add and delete pictures while the block runs."""
    command = [sys.executable, "-m", __name__, url, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"changing\n"
        try:
            yield
            assert process.poll() is None, "the process that changes things has ended"
        finally:
            process.stdin.close()


async def _change(world: World) -> None:
    is_over = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        is_over.set()

    threading.Thread(target=wait, daemon=True).start()
    files = made_up_files(_CHANGED_AT_ONCE, first=_OTHER_NUMBERS)
    print("changing", flush=True)
    while not is_over.is_set():
        ids = await live(world, files)
        await remove_assets(world, ids)


if __name__ == "__main__":
    asyncio.run(with_world(config_for(sys.argv[1], Path(sys.argv[2])), _change))
