"""Errors of both drivers that mean the same on SQLite and on PostgreSQL."""

import sqlite3

from sqlalchemy.exc import DBAPIError

_NO_TABLE = "42P01"
_READ_ONLY_TRANSACTION = "25006"


def is_missing_table(error: DBAPIError) -> bool:
    """Tell whether a statement names a table that does not exist."""
    if isinstance(error.orig, sqlite3.Error):
        return error.orig.sqlite_errorname == "SQLITE_ERROR"
    return getattr(error.orig, "sqlstate", None) == _NO_TABLE


def is_refused_write(error: DBAPIError | sqlite3.Error) -> bool:
    """Tell whether a statement was refused because it would write in a read-only transaction."""
    if not isinstance(error, DBAPIError) or error.statement is None:
        return False
    if isinstance(error.orig, sqlite3.Error):
        return error.orig.sqlite_errorname == "SQLITE_READONLY"
    return getattr(error.orig, "sqlstate", None) == _READ_ONLY_TRANSACTION
