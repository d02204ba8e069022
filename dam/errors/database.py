"""Faults of databases and their schemas."""

from collections.abc import Sequence

from dam.errors.base import EnvironmentFaultError
from dam.errors.secrets import report_without_passwords, url_without_password


class DatabaseError(EnvironmentFaultError):
    """The database cannot be used as it is."""

    def __init__(self, url: str, reason: str, hint: str | None = None) -> None:
        self.url = url
        self.reason = reason = report_without_passwords(reason)
        super().__init__(
            f"the database {url} failed: {reason}", hint or "check its disk and rights"
        )


class DatabaseLockedError(DatabaseError):
    """Another program holds the write lock of a SQLite file.

    Args:
        url: The database.
        waited_s: How long it was waited for.
        holder: Who has the lock, in words, where that is known.
        suspended_id: The holder's process id, where that one is suspended.
    """

    def __init__(
        self, url: str, waited_s: float, holder: str = "", *, suspended_id: int | None = None
    ) -> None:
        self.waited_s = waited_s
        deed = "close the program that has it open"
        if suspended_id is not None:
            deed = f"let the process go on (`kill -CONT {suspended_id}`) or end it"
        super().__init__(
            url,
            f"{holder or 'another program'} kept it locked for {waited_s:g} s",
            f"{deed}, then run the command again",
        )


class DatabaseBusyError(DatabaseError):
    """All connections of this program to the database are in use, and stay so."""

    def __init__(self, url: str, waited_s: float) -> None:
        self.waited_s = waited_s
        super().__init__(
            url,
            f"no connection of this program was free for {waited_s:g} s",
            "end some reads before others begin",
        )


class DatabaseContendedError(DatabaseError):
    """Other transactions on a PostgreSQL server are in the way of one of ours."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason, "run the command again when less is at work")

    def after(self, tries: int, waited_s: float, holder: str | None) -> "DatabaseContendedError":
        """Return the same as it is told at the end, with what has been open longest."""
        reason = f"{self.reason}, {tries} times in {waited_s:.0f} s"
        if holder is None:
            return DatabaseContendedError(self.url, reason)
        told = DatabaseContendedError(self.url, f"{reason}; open longest is {holder}")
        told.hint = "end that, or wait until it has ended, then run the command again"
        return told


class DatabaseCorruptError(DatabaseError):
    """The SQLite file is damaged, or is no SQLite file."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason, "restore it from a backup; the stored files are not touched")


class DatabaseUnreachableError(DatabaseError):
    """The database file or server cannot be reached."""

    def __init__(self, url: str, reason: str) -> None:
        is_file = url.startswith("sqlite:")
        what = "that its folder is there and yours" if is_file else "that the server runs"
        super().__init__(url, reason, f"check DAM_DATABASE_URL and {what}")


class DatabaseReplacedError(EnvironmentFaultError):
    """The database was moved, removed, replaced or emptied while a command worked with it."""

    def __init__(self, url: str, found: str) -> None:
        self.url = url
        self.found = found
        super().__init__(
            f"the database {url} is not the one that the command began with: {found}; "
            "no source was removed after that",
            "put the right database there, then run the same command again",
        )


class DatabaseUrlError(EnvironmentFaultError):
    """A database URL is not understood; `url` is without password.

    Args:
        expected: Of the part that is at fault; None where the URL is of no kind that is known.
        remedy: How to write that part.
    """

    def __init__(self, url: str, expected: str | None = None, remedy: str | None = None) -> None:
        self.url = url_without_password(url)
        self.expected = expected
        self.remedy = remedy
        super().__init__(
            f"no database can be opened at {self.url!r}; "
            f"expected {expected or 'sqlite:///FILE or postgresql://…'}",
            remedy or "set DAM_DATABASE_URL",
        )


class ServerTooOldError(EnvironmentFaultError):
    """The database server is of a version that is not supported."""

    def __init__(self, url: str, found: Sequence[int], expected: Sequence[int]) -> None:
        self.url, self.found, self.expected = url, tuple(found), tuple(expected)
        version, oldest = (".".join(map(str, number)) for number in (found, expected))
        super().__init__(
            f"the database {url} is on PostgreSQL {version}; expected {oldest} or newer",
            "upgrade the server, or set DAM_DATABASE_URL to another one",
        )


class NotSetUpError(EnvironmentFaultError):
    """A configured database has no schema of ours."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(f"the database {url} is not set up", "run `dam-cli setup-db`")


class WorldResetError(EnvironmentFaultError):
    """The database is no longer that of the world that was opened: somebody has emptied it.

    Args:
        found: The UUID of the world that is there now; None where there is none.
        expected: That of the world that was opened.
    """

    def __init__(self, url: str, found: str | None, expected: str) -> None:
        self.url, self.found, self.expected = url, found, expected
        super().__init__(
            f"the world was emptied while this command worked: the database {url} is now that of "
            f"{f'world {found}' if found else 'no world'}; expected {expected}",
            "run the command again; it works on the world that is there now",
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
    """The schema is one that this program does not know."""

    def __init__(self, url: str, found: str, expected: str) -> None:
        self.url, self.found, self.expected = url, found, expected
        super().__init__(
            f"the database {url} has schema {found}; this program knows up to {expected}",
            "a newer version has made it: upgrade ecs-dam",
        )


class TablesMissingError(EnvironmentFaultError):
    """The database lacks tables of the schema that it is said to have."""

    def __init__(self, url: str, revision: str, tables: Sequence[str]) -> None:
        self.url, self.revision, self.tables = url, revision, tuple(tables)
        super().__init__(
            f"the database {url} lacks tables of its schema {revision}: {', '.join(tables)}",
            "restore it from a backup; the stored files are not touched",
        )


class PluginTablesMissingError(EnvironmentFaultError):
    """The systems of a plugin work off markers for which the database has no tables."""

    def __init__(self, url: str, tables: Sequence[str]) -> None:
        self.url, self.tables = url, tuple(tables)
        super().__init__(
            f"the database {url} lacks what plugins need: {', '.join(tables)}",
            "make the tables as the plugin says, or leave plugins out with --no-plugins",
        )


class ReaderWritesError(Exception):
    """A bug: something was written in a reading transaction."""

    def __init__(self) -> None:
        super().__init__("a reader cannot write; use `World.run`, or a writer")


class NestedWriterError(Exception):
    """A bug: a writing transaction was opened inside another one, which would wait for itself."""

    def __init__(self) -> None:
        super().__init__("a writer was opened inside a writer; use the session that is open")
