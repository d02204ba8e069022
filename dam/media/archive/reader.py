"""What the readers of the archive formats have in common."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

from dam.errors import DamError, ItemError, raise_host_limit

ArchiveFormat = Literal["cbz", "cbr", "cb7", "cbt"]

SPECIAL_KINDS = {
    0o120000: "a symbolic link",
    0o010000: "a FIFO",
    0o140000: "a socket",
    0o020000: "a character device",
    0o060000: "a block device",
}
"""What is no regular file, by the type bits of a Unix mode."""


# Packed bytes and places that make no sense come to these, too; the rest is the disk's.
_ERRORS_OF_BYTES = (None, errno.EINVAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of an archive, as its header tells; folders are none.

    Attributes:
        raw_name: The name as bytes; in UTF-8 where the format has text.
        size_bytes: As the archive declares it.
        is_utf8: The format says that the name is UTF-8; else its encoding is guessed.
        special_kind: What it is instead of a regular file.
        fault: Why it cannot be read.
        is_encrypted: It cannot be read without a password.
    """

    raw_name: bytes
    size_bytes: int
    is_utf8: bool = True
    special_kind: str | None = None
    fault: str | None = None
    is_encrypted: bool = False


class ArchiveReader(Protocol):
    """An open archive of one format; not for two threads at once.

    Attributes:
        entries: In the archive's own order.
        is_sequential: To read one member is to unpack all of them.
    """

    format: ArchiveFormat
    entries: list[Entry]
    is_sequential: bool

    def choose(self, positions: frozenset[int]) -> None:
        """Be told once, before the first `read`, which entries may be asked for."""
        ...

    def read(self, position: int, name: str) -> bytes:
        """Return the bytes of a chosen entry, their checksum verified.

        Args:
            position: Its index in `entries`.
            name: For the error's message.

        Raises:
            MemberUnreadableError: They cannot be had.
            MissingUnpackerError: The program that unpacks them is not installed.
            UnpackerStoppedError: It was killed, say.
            OSError: The archive's own file cannot be read.
            UnpackingSpaceError: There is no room for temporary files.
        """
        ...

    def close(self) -> None:
        """Let go of temporary files; the archive's own is the caller's."""
        ...


def is_of_disk(error: OSError) -> bool:
    """Tell whether an error is the disk's, and none that a library makes of hostile bytes."""
    return error.errno not in _ERRORS_OF_BYTES


@contextmanager
def damage_is(fault: ItemError) -> Iterator[None]:
    """Raise a fault for whatever a library makes of hostile bytes.

    Errors of ours and of the disk stay what they are: the archive may be sound.
    """
    try:
        yield
    except DamError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and is_of_disk(error):
            raise
        raise_host_limit(error)
        raise fault from error
