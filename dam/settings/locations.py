"""Addresses of databases and stores: checked and made absolute."""

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
    """Return a URL of a database that we know, a SQLite file counted from `folder`.

    Raises:
        SettingError: The URL is not understood; `setting` is named as its place.
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
    """Return the folder for the files of a database for which none is set.

    Each database has one of its own: the `gc` of one would remove the files of another.
    """
    scheme, _, rest = database_url.partition("://")
    if scheme.startswith("sqlite"):
        path = Path(unquote(rest[1:], errors="surrogateescape"))
        return str(path.with_name(f"{path.stem}-storage"))
    place = re.sub(r"[?&]\w*password=[^&]*", "", rest.rpartition("@")[2], flags=re.IGNORECASE)
    server = re.sub(r"[^A-Za-z0-9.]+", "-", place)
    return str(data / f"postgresql-{server}-storage")


def is_address(text: str) -> bool:
    """Tell whether a text is an address rather than a path: a URL, or libpq's `host=… dbname=…`.

    So is a URL of PostgreSQL that lacks its slashes.
    """
    return "://" in text or _ADDRESS.match(text) is not None


def shown_value(value: object) -> str:
    """Return what was set for something, as it may be shown; it may be an address set in error."""
    return repr(url_without_password(value) if isinstance(value, str) else value)


def absolute_storage_url(text: str, folder: Path, setting: str) -> str:
    """Return the URL of a store as it is, or a folder counted from `folder`.

    Raises:
        SettingError: It is what `setting` was not meant for, and would become a folder's name.
    """
    if "://" not in text and is_address(text):
        raise SettingError(setting, shown_value(text), "a folder")
    return text if "://" in text else _absolute(text, folder)


def location_of(url: str) -> str:
    """Return the same text for all URLs of one database or store, as far as that can be told."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return os.path.realpath(url)
    database = scheme.lower().partition("+")[0]
    if database not in ("sqlite", "file"):
        return f"{database}://{rest}"
    path = unquote(rest.partition("?")[0], errors="surrogateescape")
    return os.path.realpath(path.removeprefix("/") if database == "sqlite" else path)


def quoted_path(path: str) -> str:
    """Return a path as it stands in a database URL, where `%` and `?` have a meaning."""
    return path.replace("%", "%25").replace("?", "%3F")


def _absolute(path: str, folder: Path) -> str:
    # Not `resolve`: a symlink that the user set up is to be followed anew each time.
    return os.path.abspath(folder / os.path.expanduser(path))  # noqa: PTH100, PTH111  (`~x` may not exist)
