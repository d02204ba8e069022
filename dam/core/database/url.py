"""Parses database URLs and says what is wrong with a URL that cannot be used."""

import re
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from dam.errors import DatabaseUrlError

_PORTS = range(1, 1 << 16)


def parse_database_url(text: str) -> URL:
    """Return the URL with the async driver filled in.

    Raises:
        DatabaseUrlError: The text is not a URL, names neither a SQLite file nor PostgreSQL, has
            options that would have no effect, or is ambiguous, so that part of the password might
            be taken for the host.
    """
    rest = text.partition("://")[2]
    if "\0" in unquote(text):  # libpq would stop reading there
        raise DatabaseUrlError(text)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # the latter for a bad port
        raise DatabaseUrlError(text) from None
    family = url.get_backend_name()
    if family == "sqlite" and rest.startswith("/") and url.database not in (None, "", ":memory:"):
        if "?" in rest:
            raise DatabaseUrlError(
                text,
                "no options after the file",
                "remove the ? and what follows it; write a ? in the file's name as %3F",
            )
        return url.set(drivername="sqlite+aiosqlite")
    if family in {"postgresql", "postgres"} and rest and (url.port is None or url.port in _PORTS):
        _refuse_second_at(text, url, rest)
        _refuse_unknown_options(text, url.query)
        return url.set(drivername="postgresql+psycopg")
    raise DatabaseUrlError(text)


def is_absent(url: URL) -> bool:
    """Tell whether a URL names a SQLite file that does not exist."""
    try:
        return url.get_backend_name() == "sqlite" and not Path(url.database or "").exists()
    except OSError:  # a folder above it must not be looked into; SQLite's error says so
        return False


def _refuse_second_at(text: str, url: URL, rest: str) -> None:
    """Refuse a second @ after the user's name: all up to the last @ may be the password."""
    behind_password = rest.partition(":")[2].partition("@")[2]
    if url.password is not None and "@" in behind_password:
        raise DatabaseUrlError(
            text,
            "one @, between the password and the host",
            "write an @ in a name, password or option as %40",
        )


def _refuse_unknown_options(text: str, given: Collection[str]) -> None:
    known = _server_options() if given else set()
    if any("%" in name for name in re.findall(r"[?&]([^=&]*)", text)):  # of `password`, too
        raise DatabaseUrlError(
            text, "options of libpq, such as sslmode=require", "write their names without %"
        )
    for name in given:
        # An unknown option is not shown: it may be part of a password with an & in it.
        if known and name not in known:
            near = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
            hint = (
                f"did you mean {near[0]!r}?" if near else "look the name up in PostgreSQL's manual"
            )
            raise DatabaseUrlError(text, "options of libpq, such as sslmode=require", hint)


def _server_options() -> set[str]:
    """Return the options that libpq knows; none without the driver, which is reported later."""
    try:
        from psycopg import pq  # noqa: PLC0415 - an extra, and only URLs with options need it
    except ImportError:
        return set()
    return {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
