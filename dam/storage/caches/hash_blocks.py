"""Packed blocks of entity ids and perceptual hashes in a folder, mapped into memory.

A file `<since>-<until>-<count>.block` holds what was written in the revisions after `since` up to
and including `until`: `count` ids (int64), then `count` hashes (uint64), little-endian. Files whose
revisions join up, beginning with 0, are a chain. Example: `0-40-9.block`, `40-52-3.block`.

Processes need no lock: a file is written and synced under a temporary name, then renamed, and never
changed. A file whose size does not match its name is ignored.
"""

import contextlib
import logging
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dam.storage.privacy import make_private_folder, open_private

log = logging.getLogger(__name__)

_NAME = re.compile(r"(\d+)-(\d+)-(\d+)\.block")
_ROW_BYTES = 16
_MOST_FILES = 8
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class HashBlock:
    """Entity ids and their hashes, arrays of one shape (n,).

    An id may occur more than once: with its hash, and with hashes that it had before.
    """

    entity_ids: NDArray[np.int64]
    hashes: NDArray[np.uint64]

    @classmethod
    def of(cls, entity_ids: Sequence[int], packed_hashes: Sequence[bytes]) -> Self:
        """Return the block of these ids and of as many hashes, each 8 bytes, big-endian."""
        hashes = np.frombuffer(b"".join(packed_hashes), dtype=">u8").astype(np.uint64)
        return cls(np.array(entity_ids, dtype=np.int64), hashes)

    @classmethod
    def joined(cls, blocks: list[Self]) -> Self:
        """Return the blocks as one, in their order."""
        if len(blocks) == 1:
            return blocks[0]
        return cls(
            np.concatenate([np.empty(0, np.int64), *(block.entity_ids for block in blocks)]),
            np.concatenate([np.empty(0, np.uint64), *(block.hashes for block in blocks)]),
        )


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    until: int
    count: int


class HashBlocks:
    """The chain of one hash component and recipe; any process that finds it too short extends it.

    Faults of the disk are not errors, because the database has all of it: blocks that cannot be
    read count as missing, and blocks that cannot be written are read from the database next time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, limit: int) -> tuple[HashBlock, int]:
        """Return what the chain holds up to revision `limit`, and the revision that it reaches."""
        for _ in range(_ATTEMPTS):
            # A block may just have been merged and removed by another process.
            with contextlib.suppress(OSError):
                chain, until = self._chain(limit)
                return HashBlock.joined([_read(file) for file in chain]), until
        return HashBlock.joined([]), 0

    def extend(self, since: int, until: int, block: HashBlock) -> None:
        """Add what was written after revision `since` up to `until`; merge more than 8 files."""
        try:
            make_private_folder(self._folder)
            self._write(since, until, block)
            chain, reached = self._chain(until)
            if len(chain) > _MOST_FILES:
                merged = self._write(0, reached, HashBlock.joined([_read(file) for file in chain]))
                for path in self._folder.glob("*.block"):
                    name = _NAME.fullmatch(path.name)
                    if path != merged and (name is None or int(name[2]) <= reached):
                        path.unlink(missing_ok=True)
        except OSError:
            log.warning("the likeness cache cannot be written", extra={"folder": str(self._folder)})

    def _chain(self, limit: int) -> tuple[list[_File], int]:
        """Return the chain of complete files up to `limit`, and the revision that it reaches.

        Where several files begin at one revision, the one that reaches farthest is taken.
        """
        farthest: dict[int, _File] = {}
        for path in self._folder.glob("*.block"):
            if name := _NAME.fullmatch(path.name):
                since, until, count = map(int, name.groups())
                is_farther = since not in farthest or farthest[since].until < until
                if is_farther and since < until <= limit and _size_of(path) == count * _ROW_BYTES:
                    farthest[since] = _File(path, until, count)
        chain, at = [], 0
        while at in farthest:
            chain.append(farthest[at])
            at = farthest[at].until
        return chain, at

    def _write(self, since: int, until: int, block: HashBlock) -> Path:
        temporary = self._folder / f".{os.getpid()}-{secrets.token_hex(4)}"
        try:
            with open_private(temporary) as file:
                file.write(block.entity_ids.astype("<i8", copy=False).tobytes())
                file.write(block.hashes.astype("<u8", copy=False).tobytes())
                file.flush()
                os.fsync(file.fileno())
            count = len(block.entity_ids)
            return temporary.replace(self._folder / f"{since}-{until}-{count}.block")
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _read(file: _File) -> HashBlock:
    if not file.count:
        return HashBlock.joined([])
    ids = np.memmap(file.path, dtype="<i8", mode="r", shape=(file.count,))
    hashes = np.memmap(file.path, dtype="<u8", mode="r", shape=(file.count,), offset=8 * file.count)
    return HashBlock(ids, hashes)
