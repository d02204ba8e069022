"""The interface of a content store: it keeps, finds and removes bytes by their SHA-256."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Protocol

from dam.errors import ItemError
from dam.storage.sources.file_state import FileState
from dam.storage.sources.found_file import FoundFile
from dam.storage.sources.reading import FileStat

ImportMode = Literal["copy", "hardlink", "move", "reference"]
ContentState = Literal["ok", "missing", "damaged"]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The outcome of one `put`.

    Attributes:
        extra_digests: By their names.
        reading: What `stat` said of the source while it was read.
        import_mode: The mode in effect: `copy` where a hard link was asked for and cannot be made.
        is_new: The store did not hold these bytes before.
        is_mended: The store held wrong bytes under this digest, which were replaced.
        state: Of the file that has the bytes now, stored or referenced; None unless all of that
            file was hashed.
        found: The source of a move, as it was found before it was read.
    """

    sha256: bytes
    extra_digests: Mapping[str, bytes]
    size_bytes: int
    reading: FileStat
    import_mode: ImportMode
    is_new: bool
    is_mended: bool = False
    state: FileState | None = None
    found: FoundFile | None = None


@dataclass(frozen=True, slots=True)
class StoredContent:
    """One entry of a store; `renewed_at_s` says when it was last put, in seconds since 1970."""

    sha256: bytes
    size_bytes: int
    renewed_at_s: float


@dataclass(frozen=True, slots=True)
class StoreOwner:
    """A world that keeps bytes in a store.

    Attributes:
        uuid: Of the world.
        database: The address of its database, by which people recognise the world.
        editions: The names that the database's latest imports have given to the contents of the
            store, newest first.
    """

    uuid: str
    database: str
    editions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BegunAnew:
    """That a store was begun because the one before was lost.

    `name` is that of this one, which the database knows, too, as long as the one before is not
    back. `first_place_id` is the id of the first place that can have been recorded since.
    """

    name: str
    first_place_id: int


@dataclass(frozen=True, slots=True)
class StoreMark:
    """A store's note of a world that keeps bytes there.

    Attributes:
        database: The only database that may collect garbage: the first one of this world that put
            bytes here, or the one that forced a collection later.
        edition: The name that the latest import has given to the contents of the store. A database
            that does not know this name is an older copy. Example: the mark says `9f3c…`, which
            is not among the editions of a database restored from last week's backup.
        may_lack_others: The store had files but no mark at all when this mark was first written, so
            the marks of other worlds may be lost as well. A forced collection ends that.
        anew: Set where the store was begun anew because the one before was lost.
    """

    database: str
    edition: str | None = None
    may_lack_others: bool = False
    anew: BegunAnew | None = None

    def is_known_to(self, owner: StoreOwner) -> bool:
        """Return whether that database has what every import into this store has recorded."""
        return self.edition is None or self.edition in owner.editions


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection removed, or would remove in a dry run.

    `drafts` counts the unfinished files of killed imports; `freed_bytes` includes their bytes.
    `kept` and `kept_bytes` are of entries that nothing refers to, but that are too young;
    `kept_until_s` is the Unix time at which none of them is too young any more.
    """

    removed: int
    freed_bytes: int
    drafts: int = 0
    kept: int = 0
    kept_bytes: int = 0
    kept_until_s: float | None = None


class ContentStore(Protocol):
    """Bytes by their SHA-256. Synchronous; knows no database.

    A store is a value: cheap to make, picklable, usable by many threads and processes at once. When
    a `put` returns, the bytes survive a power cut. Stored bytes are never overwritten.

    Every method may raise `StoreUnusableError`: the store as a whole cannot be used. A method that
    looks at the bytes of one digest may raise `FileAccessError`: only these cannot be read.
    """

    def put(self, path: Path, mode: ImportMode, *, extra_digests: Sequence[str] = ()) -> StoredFile:
        """Store the bytes of one file, reading it once; with `reference`, only hash them.

        Args:
            path: A regular file, or a symbolic link to one.
            mode: `move` copies and checks the copy; the source stays until its rows are committed.
            extra_digests: Names that `hashlib` knows; computed in the same read.

        Raises:
            ItemError: The file cannot be read, is not a regular file, or changed while it was read.
        """
        ...

    def put_many(
        self,
        paths: Sequence[Path],
        mode: ImportMode,
        *,
        extra_digests: Sequence[str] = (),
        is_stopped: Callable[[], bool] = lambda: False,
        is_rehash: bool = False,
        found: Mapping[Path, FoundFile] = MappingProxyType({}),
    ) -> list[StoredFile | ItemError]:
        """Store many files as `put` does, but faster; return outcomes in the order of the paths.

        Args:
            paths: Each as for `put`.
            mode: As for `put`; the same for all files.
            extra_digests: As for `put`; the same for all files.
            is_stopped: Asked between any two pieces of a file. Once it returns True, the outcome of
                each file that is not in the store yet is an `ImportStoppedError`.
            is_rehash: Hash bytes that the store already holds again, and replace damaged ones.
            found: What a walk found at some of the paths. Where a path leads to another file now,
                its outcome is a `FileChangedError`.
        """
        ...

    def make(self) -> None:
        """Make the store if it is missing; only for a world that has never kept bytes there.

        No other method makes it: a missing store may be on a disk that is not mounted.
        """
        ...

    def mark(self, owner: StoreOwner, *, anew: BegunAnew | None = None) -> None:
        """Write the mark of a world that has bytes here.

        Args:
            owner: The world.
            anew: Begin the store anew: as in `StoreMark`.
        """
        ...

    def mark_of(self, uuid: str) -> StoreMark | None:
        """Return the mark of a world; None where it has none, or where there is no store."""
        ...

    def contains(self, digest: bytes) -> bool:
        """Return whether the store has an entry for the digest."""
        ...

    def size_of(self, digest: bytes) -> int:
        """Return the size in bytes; raise `ContentMissingError` where there is no entry."""
        ...

    def local_path(self, digest: bytes) -> Path:
        """Return a file on this machine that has the bytes; it is for reading only.

        Raises:
            ContentMissingError: The store has no entry for the digest.
        """
        ...

    def expected_path(self, digest: bytes) -> Path:
        """Return what `local_path` does, without looking whether the store has the entry."""
        ...

    def local_roots(self) -> Sequence[Path]:
        """Return the folders on this machine in which the store keeps its bytes."""
        ...

    def check(
        self,
        digest: bytes,
        size_bytes: int,
        *,
        is_fast: bool = False,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> ContentState:
        """Return whether the store still holds these bytes, by hashing them again.

        Args:
            digest: The SHA-256 of the bytes.
            size_bytes: The size they should have.
            is_fast: Compare the size only.
            is_stopped: Asked between any two pieces; once it returns True, the check ends in a
                `FileAccessError`.

        Raises:
            FileAccessError: The bytes cannot be read, or the check was stopped.
        """
        ...

    def entries(self) -> Iterator[StoredContent]:
        """Yield every entry, in ascending order of digests."""
        ...

    def remove(self, digest: bytes) -> None:
        """Remove the entry, if there is one; a user's file that is hard-linked to it stays."""
        ...

    def importing(
        self,
        owner: StoreOwner,
        *,
        on_wait: Callable[[], None] | None = None,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> AbstractContextManager[None]:
        """Hold the store from the first `put` until the rows are committed.

        Any number of imports may hold it at once, but none while garbage is collected. Writes the
        mark of `owner`. Removes what killed processes left behind, at the start and at the end.

        Args:
            owner: The world that imports.
            on_wait: Called once, before this waits for a collection to end.
            is_stopped: Asked repeatedly while this waits.

        Raises:
            ImportStoppedError: `is_stopped` returned True.
        """
        ...

    def forget_owner(self, uuid: str) -> None:
        """Remove the mark of a world that does not refer to any bytes here any more."""
        ...

    def collect(
        self,
        is_referenced: Callable[[Sequence[bytes]], set[bytes]],
        *,
        owner: StoreOwner,
        older_than_s: float,
        now_s: float,
        is_forced: bool = False,
        is_dry_run: bool = False,
    ) -> Collected:
        """Remove entries that nothing refers to and that were last put long ago.

        Also removes empty folders, and what killed processes left behind, whatever its age. No
        import may run meanwhile.

        Args:
            is_referenced: Returns those of the given digests (at most 1,000) that must stay.
            owner: The world that collects. It knows only what it refers to itself, so the store
                must hold no other world's bytes, unless `is_forced`.
            older_than_s: Entries put less than this long before `now_s` stay, even if nothing
                refers to them.
            now_s: Seconds since 1970.
            is_forced: Treat the bytes of other owners like those of `owner`, and remove the marks
                of these owners; from then on, the mark names the database of `owner`.
            is_dry_run: Only count; remove nothing.

        Raises:
            StoreInUseError: An import holds the store.
            StoreSharedError: Another world has put bytes here, or another database of this world.
        """
        ...
