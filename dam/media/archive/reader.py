"""The protocol of the readers of archive formats, and their handling of damaged bytes."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

from dam.errors import DamError, ItemError, raise_host_limit

ArchiveFormat = Literal["cbz", "cbr", "cb7", "cbt", "pdf"]

SPECIAL_KINDS = {
    0o120000: "a symbolic link",
    0o010000: "a FIFO",
    0o140000: "a socket",
    0o020000: "a character device",
    0o060000: "a block device",
}
"""Names of entries that are not regular files, by the type bits of a Unix mode."""


# Libraries raise `OSError` with these for corrupt bytes and offsets; all others are the disk's.
_ERRORS_OF_BYTES = (None, errno.EINVAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of an archive, as its header describes it; a folder is not an entry.

    Attributes:
        raw_name: The name as bytes; encoded as UTF-8 if the format has names as text.
        size_bytes: The unpacked size that the archive declares.
        is_utf8: The format says that the name is UTF-8; if not, the encoding is guessed.
        special_kind: The kind of an entry that is not a regular file, with its article, such as
            "a symbolic link"; None for a regular file.
        fault: Why it cannot be read, such as "its other part is in another file"; or None.
        is_encrypted: It cannot be read without a password.
    """

    raw_name: bytes
    size_bytes: int
    is_utf8: bool = True
    special_kind: str | None = None
    fault: str | None = None
    is_encrypted: bool = False


class ArchiveReader(Protocol):
    """An open archive of one format; only one thread at a time may use it.

    Attributes:
        format: The format that it reads.
        entries: All entries but folders, in the archive's own order.
        is_sequential: Reading one member unpacks all of them.
    """

    format: ArchiveFormat
    entries: list[Entry]
    is_sequential: bool

    def choose(self, positions: frozenset[int]) -> None:
        """Note which entries the caller may read later; called once, before the first `read`."""
        ...

    def read(self, position: int, name: str) -> bytes:
        """Return the bytes of a chosen entry, their checksum verified.

        Args:
            position: Its index in `entries`.
            name: The name to show in an error's message.

        Raises:
            MemberUnreadableError: The bytes are missing or corrupt.
            MissingUnpackerError: The program that unpacks them is not installed.
            UnpackerStoppedError: That program ended early; it was killed, for example.
            OSError: The archive's own file cannot be read.
            UnpackingSpaceError: There is no room for temporary files.
        """
        ...

    def close(self) -> None:
        """Remove temporary files; the caller closes the archive's own file."""
        ...


def is_of_disk(error: OSError) -> bool:
    """Tell whether the disk caused an error, and not corrupt or hostile bytes in a library."""
    return error.errno not in _ERRORS_OF_BYTES


@contextmanager
def damage_is(fault: ItemError) -> Iterator[None]:
    """Raise `fault` for any exception that a library raises at corrupt or hostile bytes.

    A `DamError` and an error of the disk pass unchanged, and a limit of the host becomes a
    `HostLimitError`: in these cases the archive itself may be sound.
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
