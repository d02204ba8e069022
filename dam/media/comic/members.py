"""The parts of a comic: which members of an archive, or files of a folder, are pages, by name."""

import re
from dataclasses import replace

from dam.errors import MediaLimitError
from dam.media.archive.names import parts
from dam.media.archive.opening import Archive, Member
from dam.media.comic.info import COMIC_INFO
from dam.media.limits import MediaLimits
from dam.media.natural_order import path_key

_PICTURES = frozenset(
    {
        *{".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".avif", ".bmp"},
        *{".tif", ".tiff", ".jxl", ".heic", ".heif", ".jp2"},
    }
)
_CLUTTER = frozenset(
    {
        *{"__macosx", ".ds_store", ".appledouble", ".spotlight-v100", ".trashes", ".fseventsd"},
        *{".temporaryitems", ".documentrevisions-v100", ".apdisk", ".lsoverride"},
        *{"thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "$recycle.bin"},
        *{"system volume information", "@eadir", "#recycle", ".@__thumb", ".thumbnails", ".thumb"},
        *{".xvpics", ".picasaoriginals", ".comments", ".directory", ".git", ".svn", ".hg"},
    }
)
_CLUTTER_BEGINNINGS = ("._", ".trash-")
_HIDDEN_FILE = re.compile(r"\.[^\W\d]+(\.\w+)?")  # `.hidden.jpg`, but not `.hack 01.jpg`
_MOST_COMIC_INFOS = 4
_DEFAULT_LIMITS = MediaLimits()


def pages_of(archive: Archive) -> tuple[Member, ...]:
    """Return the pictures in the order of `page_key`, including those with a `failure`.

    A member is a picture by its name. What file managers leave (`__MACOSX`, `._*`, `Thumbs.db`)
    does not count.
    """
    pages = (member for member in archive.members if is_page(member.name))
    return tuple(sorted(pages, key=lambda member: (page_key(member.name), member.position)))


def page_key(name: str) -> tuple[object, ...]:
    """Return the sort key of a page by the name of its member, or by its path in a folder.

    Example: `cover.jpg`, `Ch 1/p.jpg`, `Ch 1/p-1.jpg` and `Ch 10/p.jpg` are in order.
    """
    return path_key(parts(name)), name


def comic_infos_of(archive: Archive, limits: MediaLimits = _DEFAULT_LIMITS) -> tuple[Member, ...]:
    """Return at most four files named ComicInfo.xml, those in the fewest folders first.

    A file that is larger than `limits.max_document_bytes` has that as its `failure`.
    """
    found = (member for member in archive.members if is_comic_info(member.name))
    ordered = sorted(found, key=lambda m: (len(parts(m.name)), m.name, m.position))
    return tuple(_limited(member, limits) for member in ordered[:_MOST_COMIC_INFOS])


def _limited(member: Member, limits: MediaLimits) -> Member:
    most_bytes = limits.max_document_bytes
    is_unreadable = member.failure is not None and not isinstance(member.failure, MediaLimitError)
    if is_unreadable or member.size_bytes <= most_bytes:
        return member
    what = f"bytes in the member {member.name!r}"
    return replace(member, failure=MediaLimitError(what, member.size_bytes, most_bytes))


def is_page(name: str) -> bool:
    """Tell by its name whether a member or file is a picture to read.

    A file whose name is a dot and a single word, such as `.hidden.jpg`, is not; one whose name has
    a number or a space after the dot is.
    """
    if _suffix(name) not in _PICTURES or is_clutter(name):
        return False
    return not _HIDDEN_FILE.fullmatch(parts(name)[-1])


def is_comic_info(name: str) -> bool:
    """Tell by its name whether a member or file is a ComicInfo.xml, in upper or lower case."""
    found = parts(name)[-1:]
    return found != [] and found[0].casefold() == COMIC_INFO.casefold() and not is_clutter(name)


def is_clutter(name: str) -> bool:
    """Tell by name whether a file was left by a file manager or system, such as `Thumbs.db`.

    A leading dot alone says nothing: titles such as `.hack` begin with it.
    """
    return any(_is_clutter(part.casefold()) for part in parts(name))


def _is_clutter(part: str) -> bool:
    return part in _CLUTTER or part.startswith(_CLUTTER_BEGINNINGS)


def _suffix(name: str) -> str:
    dot = name.rfind(".")
    return name[dot:].casefold() if dot >= 0 else ""
