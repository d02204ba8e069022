"""Errors about databases, their connections and their schemas."""

from collections.abc import Sequence
from typing import ClassVar

from dam.errors.base import EnvironmentFaultError
from dam.errors.secrets import report_without_passwords, url_without_password


class DatabaseError(EnvironmentFaultError):
    """The database cannot be used; base of the errors below that name a `reason`."""

    _verdict: ClassVar[str] = "failed"

    def __init__(self, url: str, reason: str, hint: str | None = None) -> None:
        self.url = url
        self.reason = reason = report_without_passwords(reason)
        super().__init__(
            f"the database {url} {self._verdict}: {reason}",
            hint or "check its disk and permissions",
        )


class DatabaseReadOnlyError(DatabaseError):
    """The database can be read, but not written to.

    Args:
        url: The database.
        reason: What keeps this program from writing to it.
    """

    _verdict = "is read-only"

    def __init__(self, url: str, reason: str) -> None:
        remedy = "use a server and a user that may write to it"
        if url.startswith("sqlite:"):
            remedy = "make the file, its folder, and the files -wal and -shm beside it writable"
        super().__init__(
            url, reason, f"commands that only read work, such as `status`; to change it, {remedy}"
        )


class DatabaseChangedError(DatabaseError):
    """A read-only SQLite file, which could not be locked, was written to while it was read."""

    def __init__(self, url: str) -> None:
        super().__init__(
            url,
            "another program wrote to it while it was read; as it is read-only here, "
            "it could not be locked",
            "run the command again",
        )


class DatabaseLockedError(DatabaseError):
    """Another program holds the write lock of a SQLite file.

    Args:
        url: The database.
        waited_s: How long this program waited for the lock.
        holder: A description of the process that has the lock; empty if it is not known.
        suspended_id: The id of that process if it is suspended, else None.
    """

    def __init__(
        self, url: str, waited_s: float, holder: str = "", *, suspended_id: int | None = None
    ) -> None:
        self.waited_s = waited_s
        remedy = "close the program that has it open"
        if suspended_id is not None:
            remedy = f"resume that process (`kill -CONT {suspended_id}`) or end it"
        super().__init__(
            url,
            f"{holder or 'another program'} kept it locked for {waited_s:g} s",
            f"{remedy}, then run the command again",
        )


class DatabaseBusyError(DatabaseError):
    """All database connections of this program stayed in use for as long as a caller may wait."""

    def __init__(self, url: str, waited_s: float) -> None:
        self.waited_s = waited_s
        super().__init__(
            url,
            f"no connection of this program was free for {waited_s:g} s",
            "finish some reads before you start more",
        )


class DatabaseContendedError(DatabaseError):
    """Other transactions on a PostgreSQL server block or abort one of this program."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason, "run the command again when the server is less busy")

    def after(self, tries: int, waited_s: float, holder: str | None) -> "DatabaseContendedError":
        """Return the error to show after the last try.

        Args:
            tries: How often the transaction was tried.
            waited_s: How long all tries took.
            holder: A description of the oldest open transaction; None if there is none.
        """
        reason = f"{self.reason}, {tries} times in {waited_s:.0f} s"
        if holder is None:
            return DatabaseContendedError(self.url, reason)
        error = DatabaseContendedError(self.url, f"{reason}; open longest: {holder}")
        error.hint = "end that transaction or wait until it ends, then run the command again"
        return error


class DatabaseCorruptError(DatabaseError):
    """The SQLite file is damaged, or is not a SQLite file."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason, "restore it from a backup; the stored files are not touched")


class DatabaseUnreachableError(DatabaseError):
    """The database file or server cannot be reached."""

    def __init__(self, url: str, reason: str) -> None:
        is_file = url.startswith("sqlite:")
        what = "that its folder exists and is writable" if is_file else "that the server is running"
        super().__init__(url, reason, f"check DAM_DATABASE_URL, and {what}")


class DatabaseReplacedError(EnvironmentFaultError):
    """The database was moved, removed, replaced or emptied while a command was using it.

    Args:
        found: What is in its place, or why it cannot be opened.
    """

    def __init__(self, url: str, found: str) -> None:
        self.url = url
        self.found = found
        super().__init__(
            f"the database {url} is not the one that the command started with: {found}; "
            "no source was removed after that",
            "put the right database back, then run the same command again",
        )


class DatabaseUrlError(EnvironmentFaultError):
    """A database URL is not valid; the attribute `url` is without its password.

    Args:
        expected: A description of a valid part, if only one part is wrong. None if the URL as a
            whole is of an unknown kind.
        remedy: How to write that part; the hint.
    """

    def __init__(self, url: str, expected: str | None = None, remedy: str | None = None) -> None:
        self.url = url_without_password(url)
        self.expected = expected
        self.remedy = remedy
        super().__init__(
            f"not a valid database URL: {self.url!r}; "
            f"expected {expected or 'sqlite:///FILE or postgresql://…'}",
            remedy or "set DAM_DATABASE_URL",
        )


class ServerTooOldError(EnvironmentFaultError):
    """The version of the database server is too old to be supported."""

    def __init__(self, url: str, found: Sequence[int], expected: Sequence[int]) -> None:
        self.url, self.found, self.expected = url, tuple(found), tuple(expected)
        version, oldest = (".".join(map(str, number)) for number in (found, expected))
        super().__init__(
            f"the database {url} is on PostgreSQL {version}; expected {oldest} or newer",
            "upgrade the server, or set DAM_DATABASE_URL to a newer one",
        )


class NotSetUpError(EnvironmentFaultError):
    """A configured database does not have our schema."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(f"the database {url} is not set up", "run `dam-cli setup-db`")


class WorldResetError(EnvironmentFaultError):
    """The database was emptied while in use, and no longer belongs to the world that was opened.

    Args:
        found: The UUID of the world that is there now; None if there is none.
        expected: The UUID of the world that was opened.
    """

    def __init__(self, url: str, found: str | None, expected: str) -> None:
        self.url, self.found, self.expected = url, found, expected
        super().__init__(
            f"the world was emptied while this command worked: the database {url} now has "
            f"{f'world {found}' if found else 'no world'}; expected {expected}",
            "run the command again; it will use the world that is there now",
        )


class DatabaseOutdatedError(EnvironmentFaultError):
    """The schema is older than the program."""

    def __init__(self, url: str, found: str, expected: str) -> None:
        self.url, self.found, self.expected = url, found, expected
        super().__init__(
            f"the database {url} has schema {found}; this program needs {expected}",
            "run `dam-cli setup-db`; it saves a copy first"
            if url.startswith("sqlite")
            else "save a copy with pg_dump, then run `dam-cli setup-db`",
        )


class DatabaseTooNewError(EnvironmentFaultError):
    """The schema is newer than the program."""

    def __init__(self, url: str, found: str, expected: str) -> None:
        self.url, self.found, self.expected = url, found, expected
        super().__init__(
            f"the database {url} has schema {found}; this program knows up to {expected}",
            "a newer version made it: upgrade ecs-dam",
        )


class TablesMissingError(EnvironmentFaultError):
    """The database lacks tables of the schema version that it claims to have."""

    def __init__(self, url: str, revision: str, tables: Sequence[str]) -> None:
        self.url, self.revision, self.tables = url, revision, tuple(tables)
        super().__init__(
            f"the database {url} lacks tables of its schema {revision}: {', '.join(tables)}",
            "restore it from a backup; the stored files are not touched",
        )


class ReaderWritesError(Exception):
    """A bug: code wrote where it may only read."""

    def __init__(self) -> None:
        super().__init__(
            "a reader cannot write; call the function with `World.run`, and take `ReadOnly` off "
            "its first parameter if that has it"
        )


class NestedWriterError(Exception):
    """A bug: a writer was opened inside another writer, and would wait for it forever."""

    def __init__(self) -> None:
        super().__init__("a writer was opened inside a writer; use the session that is open")
