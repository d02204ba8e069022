"""What a content store is: bytes that are kept, found and removed by their SHA-256."""

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
    """What one `put` found out and did.

    `import_mode` is the one in effect: a hard link that cannot be made is a copy. `is_new` says
    that the store did not hold the bytes before, `is_mended` that it held others in their place.
    `state` is that of the file with the bytes, stored or referenced, where all of it was hashed.
    `found` is the source of a move, as it was found before it was read.
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
    """One entry of a store: its digest, its size, and when it was last put (seconds since 1970)."""

    sha256: bytes
    size_bytes: int
    renewed_at_s: float


@dataclass(frozen=True, slots=True)
class StoreOwner:
    """A world that keeps bytes in a store: its UUID, and its database for people to know it by.

    `editions` are the names that its imports have given to what is in the store, newest first.
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
    """What a store keeps in mind of a world.

    Attributes:
        database: The one that alone may collect garbage: that which first put bytes there, until a
            forced collection.
        edition: The name that the last import has given to what is in the store. A database that
            does not know it is an older copy, or one that was copied before that import.
        may_lack_others: The store had files and not one mark when this mark was first written, so
            those of other worlds may be lost, too; until a forced collection.
        anew: None where no store before was lost.
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
    """What a collection removed, or would have removed.

    `drafts` counts files that killed imports had not stored to their end; their bytes count, too.
    """

    removed: int
    freed_bytes: int
    drafts: int = 0


class ContentStore(Protocol):
    """Bytes by their SHA-256. Knows of no database; synchronous.

    A store is a value: cheap to make, picklable, usable by many threads and processes at once. When
    a `put` returns, the bytes survive a power cut. Stored bytes are never overwritten.

    Every method may raise `StoreUnusableError` for the store as a whole, and one that looks at the
    bytes of a digest `FileAccessError` where these alone cannot be had.
    """

    def put(self, path: Path, mode: ImportMode, *, extra_digests: Sequence[str] = ()) -> StoredFile:
        """Store the bytes of one file, read once; for `reference`, only look at them.

        Args:
            path: A regular file, or a symbolic link to one.
            mode: `move` copies and checks the copy; the source stays until its rows are committed.
            extra_digests: Names that `hashlib` knows, computed in the same read.

        Raises:
            ItemError: The file cannot be read, is no regular file, or changed meanwhile.
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
        """Store many files as `put` does, quicker; outcomes in the order of the paths.

        Args:
            paths: As for `put`, as are the others.
            mode: For all of them.
            extra_digests: For all of them.
            is_stopped: Asked between any two pieces of a file; once it says yes, what is not in the
                store yet comes out as an `ImportStoppedError`.
            is_rehash: Read bytes that are in the store already once more, and mend damaged ones.
            found: What a walk found at some of the paths; a path that has another file by now fails
                with `FileChangedError`.
        """
        ...

    def make(self) -> None:
        """Make the store where there is none: for a world that has never kept anything there.

        Nothing else does: a store that is not there may be on a disk that is not mounted.
        """
        ...

    def mark(self, owner: StoreOwner, *, anew: BegunAnew | None = None) -> None:
        """Keep in mind what `StoreMark` says of a world that has bytes here."""
        ...

    def mark_of(self, uuid: str) -> StoreMark | None:
        """Return what the store keeps in mind of a world; None also where there is no store."""
        ...

    def contains(self, digest: bytes) -> bool:
        """Return whether there is an entry for the digest."""
        ...

    def size_of(self, digest: bytes) -> int:
        """Return the size in bytes; raise `ContentMissingError` where there is none."""
        ...

    def local_path(self, digest: bytes) -> Path:
        """Return a file on this machine with the bytes, for reading only.

        Raises:
            ContentMissingError: There is none.
        """
        ...

    def local_roots(self) -> Sequence[Path]:
        """Return the folders of this machine in which the store keeps its bytes."""
        ...

    def check(
        self,
        digest: bytes,
        size_bytes: int,
        *,
        is_fast: bool = False,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> ContentState:
        """Return whether the store still holds these bytes; fast looks at their size alone.

        Raises:
            FileAccessError: They cannot be read; also when `is_stopped`, asked between any two
                pieces, said yes.
        """
        ...

    def entries(self) -> Iterator[StoredContent]:
        """Yield all that is stored, in ascending order of digests."""
        ...

    def remove(self, digest: bytes) -> None:
        """Forget the bytes, where there are any; a file shared with a user stays the user's."""
        ...

    def importing(
        self,
        owner: StoreOwner,
        *,
        on_wait: Callable[[], None] | None = None,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> AbstractContextManager[None]:
        """Hold the store from the first `put` until the rows are committed; many may at once.

        Clears away what killed processes left behind, at both ends. Keeps in mind, for collections,
        that the bytes of `owner` are here. Waits for a collection to end, and calls `on_wait`
        before it does.

        Raises:
            ImportStoppedError: `is_stopped`, asked again and again, said yes while it waited.
        """
        ...

    def forget_owner(self, uuid: str) -> None:
        """Take a world that refers to nothing here any more off the list of the owners."""
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
        """Remove what nothing refers to and was not put for so long, alone in the store.

        What killed processes left behind goes as well, whatever its age, and empty folders do.

        Args:
            is_referenced: Returns those of the given digests (at most 1,000) that must stay.
            owner: The world that knows what is referred to, and so may judge its own bytes alone.
            older_than_s: Younger entries stay, whoever refers to them.
            now_s: Seconds since 1970.
            is_forced: Judge the bytes of other owners, too, and forget those owners; from then on,
                the mark names this owner's database.
            is_dry_run: Count, and remove nothing.

        Raises:
            StoreInUseError: An import holds the store.
            StoreSharedError: Another owner has put bytes here, or another database of this one.
        """
        ...
