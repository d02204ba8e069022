"""Checks the addresses of databases and stores, and makes their paths absolute."""

import os
import re
from pathlib import Path
from urllib.parse import unquote

from dam.core.database.url import parse_database_url
from dam.errors import DatabaseUrlError, url_without_password
from dam.settings.errors import SettingError

_ADDRESS = re.compile(
    r"\s*(?:(?:host|hostaddr|port|dbname|user|password|service)\s*=|postgres(?:ql)?(?:\+\w+)?:)",
    re.IGNORECASE,
)
_DATABASE_FORM = "sqlite:///folder/file.db or postgresql://user:password@host/database"


def absolute_database_url(url: str, folder: Path, setting: str) -> str:
    """Return the URL of a database; the path of a SQLite file is made absolute.

    Args:
        url: The URL as it is set.
        folder: Where a relative path starts.
        setting: The name of the setting, for the error.

    Raises:
        SettingError: The URL is not understood.
    """
    scheme, separator, rest = url.partition("://")
    database, plus, driver = scheme.lower().partition("+")
    try:
        parse_database_url(f"{scheme.lower()}{separator}{rest}")
    except DatabaseUrlError as error:
        hint = error.remedy
        if not separator and "@" not in url and not is_address(url):
            hint = f"did you mean sqlite:///{url}?"
        found = shown_value(url)
        raise SettingError(setting, found, error.expected or _DATABASE_FORM, hint) from error
    if database == "sqlite":
        base = Path(quoted_path(str(folder)))
        return f"sqlite{plus}{driver}:///{_absolute(rest[1:], base)}"
    return f"postgresql{plus}{driver}://{rest}"


def storage_beside(database_url: str, data: Path) -> str:
    """Return the store's folder for a database for which none is set.

    Each database has its own store, because `gc` of one world removes the files of any other.
    Examples: `/a/photos-storage` for `sqlite:////a/photos.db`; for PostgreSQL, a folder in `data`.
    """
    scheme, _, rest = database_url.partition("://")
    if scheme.startswith("sqlite"):
        path = Path(unquote(rest[1:], errors="surrogateescape"))
        return str(path.with_name(f"{path.stem}-storage"))
    place = re.sub(r"[?&]\w*password=[^&]*", "", rest.rpartition("@")[2], flags=re.IGNORECASE)
    server = re.sub(r"[^A-Za-z0-9.]+", "-", place)
    return str(data / f"postgresql-{server}-storage")


def is_address(text: str) -> bool:
    """Tell whether a text is an address, not a path: a URL, or libpq's `host=… dbname=…`.

    A PostgreSQL URL that lacks its slashes counts as an address, too.
    """
    return "://" in text or _ADDRESS.match(text) is not None


def shown_value(value: object) -> str:
    """Return the `repr` of a setting's value without the password of a URL that it may be."""
    return repr(url_without_password(value) if isinstance(value, str) else value)


def absolute_storage_url(text: str, folder: Path, setting: str) -> str:
    """Return the URL of a store as it is, or the absolute path of a folder.

    Args:
        text: The URL or path as it is set.
        folder: Where a relative path starts.
        setting: The name of the setting, for the error.

    Raises:
        SettingError: The text is an address of a database, which would become a folder's name.
    """
    if "://" not in text and is_address(text):
        raise SettingError(setting, shown_value(text), "a folder")
    return text if "://" in text else _absolute(text, folder)


def location_of(url: str) -> str:
    """Return a text that is the same for all URLs of one database or store, as far as known."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return os.path.realpath(url)
    database = scheme.lower().partition("+")[0]
    if database not in ("sqlite", "file"):
        return f"{database}://{rest}"
    path = unquote(rest.partition("?")[0], errors="surrogateescape")
    return os.path.realpath(path.removeprefix("/") if database == "sqlite" else path)


def quoted_path(path: str) -> str:
    """Return a path as it is written in a database URL, with `%` and `?` escaped."""
    return path.replace("%", "%25").replace("?", "%3F")


def _absolute(path: str, folder: Path) -> str:
    # Not `resolve`: a symlink that the user has made is followed anew each time.
    return os.path.abspath(folder / os.path.expanduser(path))  # noqa: PTH100, PTH111  (`~x` may not exist)
