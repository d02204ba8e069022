"""Packed blocks of entity ids and perceptual hashes in a folder, mapped into memory.

A file `<since>-<until>.block` holds what was written in the revisions after `since` up to `until`:
all ids (int64), then all hashes (uint64), little-endian. Files whose revisions join up from 0 are a
chain. They are written under a temporary name and never changed, so processes need no lock.
"""

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

_NAME = re.compile(r"(\d+)-(\d+)\.block")
_MOST_FILES = 8


@dataclass(frozen=True, slots=True)
class HashBlock:
    """Ids and hashes of the same length; an id may come twice, its later hash is the valid one."""

    entity_ids: NDArray[np.int64]
    hashes: NDArray[np.uint64]

    @classmethod
    def of(cls, entity_ids: list[int], packed_hashes: list[bytes]) -> Self:
        """Return a block of ids and 8-byte big-endian hashes."""
        hashes = np.frombuffer(b"".join(packed_hashes), dtype=">u8").astype(np.uint64)
        return cls(np.array(entity_ids, dtype=np.int64), hashes)

    @classmethod
    def joined(cls, blocks: list[Self]) -> Self:
        """Return one block of many."""
        if len(blocks) == 1:
            return blocks[0]
        return cls(
            np.concatenate([np.empty(0, np.int64), *(block.entity_ids for block in blocks)]),
            np.concatenate([np.empty(0, np.uint64), *(block.hashes for block in blocks)]),
        )


class HashBlocks:
    """The chain of one hash component and recipe; extended by whoever finds it too short."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self) -> tuple[HashBlock, int]:
        """Return what the chain holds, and the revision up to which it goes."""
        while True:
            chain, until = self._chain()
            try:
                return HashBlock.joined([_read(path) for path in chain]), until
            except FileNotFoundError:
                continue  # another process has just merged these files; the longer one is there

    def extend(self, since: int, until: int, block: HashBlock) -> None:
        """Add what was written after revision `since` up to `until`; merge when files grow many."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._write(since, until, block)
        chain, until = self._chain()
        if len(chain) > _MOST_FILES:
            self._write(0, until, HashBlock.joined([_read(path) for path in chain]))
            self._remove_all_but(0, until)

    def clear(self) -> None:
        """Forget everything."""
        for path in self._folder.glob("*.block"):
            path.unlink(missing_ok=True)

    def _chain(self) -> tuple[list[Path], int]:
        """Return the files that reach farthest, each beginning where the one before ends."""
        longest: dict[int, tuple[int, Path]] = {}
        for path in self._folder.glob("*.block"):
            if name := _NAME.fullmatch(path.name):
                since, until = int(name[1]), int(name[2])
                longest[since] = max(longest.get(since, (0, path)), (until, path))
        chain, at = [], 0
        while at in longest and longest[at][0] > at:
            at, path = longest[at]
            chain.append(path)
        return chain, at

    def _write(self, since: int, until: int, block: HashBlock) -> None:
        temporary = self._folder / f".{os.getpid()}-{secrets.token_hex(4)}"
        with temporary.open("wb") as file:
            file.write(block.entity_ids.astype("<i8", copy=False).tobytes())
            file.write(block.hashes.astype("<u8", copy=False).tobytes())
        temporary.replace(self._folder / f"{since}-{until}.block")

    def _remove_all_but(self, since: int, until: int) -> None:
        for path in self._folder.glob("*.block"):
            name = _NAME.fullmatch(path.name)
            if name and int(name[2]) <= until and path.name != f"{since}-{until}.block":
                path.unlink(missing_ok=True)


def _read(path: Path) -> HashBlock:
    count = path.stat().st_size // 16
    if not count:
        return HashBlock(np.empty(0, np.int64), np.empty(0, np.uint64))
    ids = np.memmap(path, dtype="<i8", mode="r", shape=(count,))
    hashes = np.memmap(path, dtype="<u8", mode="r", shape=(count,), offset=8 * count)
    return HashBlock(ids, hashes)
