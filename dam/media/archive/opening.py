"""Opening of archives of all formats: their members, and the bytes of each.

Nothing is ever unpacked to the path that a member's name gives, so `../`, absolute and drive paths
do no harm, and a member with such a name is read like any other. An archive within an archive is a
member, too, and is not opened.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from dam.asking import open_for_reading
from dam.errors import (
    DuplicateMemberError,
    EncryptedArchiveError,
    FileAccessError,
    ItemError,
    MediaLimitError,
    MemberMissingError,
    MemberNotFileError,
    MemberUnreadableError,
    MissingUnpackerError,
    NotAnArchiveError,
    UnpackerStoppedError,
)
from dam.media.archive.names import decoded
from dam.media.archive.reader import ArchiveFormat, ArchiveReader, Entry
from dam.media.archive.tar_reader import TarReader
from dam.media.archive.unpackers import EXTRA
from dam.media.archive.zip_reader import ZipReader
from dam.media.file_type.recognition import media_type
from dam.media.limits import MediaLimits

__all__ = ["ARCHIVE_FAULTS", "Archive", "ArchiveFormat", "Member", "open_archive"]

ARCHIVE_FAULTS = (FileAccessError, MissingUnpackerError, UnpackerStoppedError)
"""Errors of reading that are not the member's fault: at another time it may be readable."""

_DEFAULT_LIMITS = MediaLimits()
# A small archive of large blank pages is honest, so the ratio counts only above this size.
_LEAST_BYTES = 256 << 20
_TAR_TYPES = frozenset(
    {"application/x-tar", "application/gzip", "application/x-bzip2", "application/x-xz"}
)
_FORMATS = {
    "application/x-rar": "cbr",
    "application/x-7z-compressed": "cb7",
    "application/pdf": "pdf",
}
_DOCUMENT = b"comicinfo.xml"
_LANGUAGE = re.compile(rb"<LanguageISO>\s*([A-Za-z]{2,3}(?:-[A-Za-z]+)?)\s*<")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One entry of an archive, unless it is a folder.

    Attributes:
        name: The name as text; it never has surrogates.
        raw_name: The name as bytes, which identifies the member within its archive.
        size_bytes: The unpacked size that the archive declares.
        position: Its place in the archive's own order, from 0.
        failure: Why it cannot be read, if that is known before reading: it is a link, a device or
            encrypted, an earlier member has the same name, or it exceeds a limit.
    """

    name: str
    raw_name: bytes
    size_bytes: int
    position: int
    failure: ItemError | None = None


@dataclass(frozen=True)
class Archive:
    """An open archive; only one thread at a time may use it.

    Attributes:
        format: Recognised by content, never by the file's name.
        members: All entries but folders, in the archive's order.
        is_sequential: Reading one member unpacks all of them.
    """

    format: ArchiveFormat
    members: tuple[Member, ...]
    is_sequential: bool
    _path: Path
    _reader: ArchiveReader = field(repr=False)

    def member(self, raw_name: bytes) -> Member:
        """Return the first member of this name; raise `MemberMissingError` if there is none."""
        if raw_name not in self._by_raw_name:
            raise MemberMissingError(raw_name.decode(errors="backslashreplace"))
        return self._by_raw_name[raw_name]

    def read(self, member: Member) -> bytes:
        """Return a member's bytes, with the checksum verified if the format has one.

        Raises:
            ItemError: The member's `failure`, `MemberUnreadableError`, or one of `ARCHIVE_FAULTS`.
            UnpackingSpaceError: There is no room for temporary files.
            ConfinedError: This is a confined worker in a call that may write nothing.
        """
        if member.failure is not None:
            raise member.failure
        try:
            return self._reader.read(member.position, member.name)
        except OSError as error:
            raise FileAccessError(self._path, "read", error) from error

    @cached_property
    def _by_raw_name(self) -> dict[bytes, Member]:
        return {member.raw_name: member for member in reversed(self.members)}


@contextmanager
def open_archive(path: Path, limits: MediaLimits = _DEFAULT_LIMITS) -> Iterator[Archive]:
    """Open an archive for reading.

    Raises:
        NotAnArchiveError: By its content, it is not an archive.
        UnreadableArchiveError, EncryptedArchiveError, MediaLimitError: No member can be read.
        MissingUnpackerError: The package or program that unpacks this format is not installed.
        UnpackingSpaceError: There is no room for temporary files.
        ConfinedError: It is a packed tar file, and this is a confined worker in a call that may
            write nothing.
        OSError: The file cannot be opened or read.
    """
    with os.fdopen(open_for_reading(path), "rb") as file:
        packed_bytes = file.seek(0, 2)
        most_bytes = min(
            limits.max_archive_bytes, max(_LEAST_BYTES, limits.max_archive_ratio * packed_bytes)
        )
        reader = _reader(file, limits, most_bytes)
        try:
            members = _members(reader, limits)
            whole = members if reader.is_sequential else [m for m in members if m.failure is None]
            total_bytes = sum(member.size_bytes for member in whole)
            if total_bytes > most_bytes:
                raise MediaLimitError("bytes in the archive", total_bytes, most_bytes)
            readable = (member.position for member in members if member.failure is None)
            reader.choose(frozenset(readable))
            yield Archive(
                format=reader.format,
                members=tuple(members),
                is_sequential=reader.is_sequential,
                _path=path,
                _reader=reader,
            )
        finally:
            reader.close()


def _reader(file: BinaryIO, limits: MediaLimits, most_bytes: int) -> ArchiveReader:
    found = media_type(file)
    file.seek(0)
    if file.read(4) in (b"PK\x03\x04", b"PK\x05\x06"):  # any zip file, whatever its media type
        return ZipReader(file, limits)
    if found in _TAR_TYPES:
        return TarReader(file, limits, most_bytes)
    try:
        if found == "application/x-rar":
            from dam.media.archive.rar_reader import RarReader  # noqa: PLC0415 - of the extra `comics`

            return RarReader(file, limits)
        if found == "application/x-7z-compressed":
            from dam.media.archive.seven_zip_reader import SevenZipReader  # noqa: PLC0415 - of the same

            return SevenZipReader(file, limits)
        if found == "application/pdf":
            from dam.media.archive.pdf_reader import PdfReader  # noqa: PLC0415 - of the same

            return PdfReader(file, limits)
    except ModuleNotFoundError as error:
        raise MissingUnpackerError(_FORMATS[found], EXTRA) from error
    raise NotAnArchiveError(found)


def _members(reader: ArchiveReader, limits: MediaLimits) -> list[Member]:
    entries = reader.entries
    guessed = [entry.raw_name for entry in entries if not entry.is_utf8]
    is_ascii = all(map(bytes.isascii, guessed))
    language = None if is_ascii else _language(reader, limits.max_document_bytes)
    texts = dict(zip(guessed, decoded(guessed, language), strict=True))
    seen: set[bytes] = set()
    members = []
    for position, entry in enumerate(entries):
        raw_name = entry.raw_name
        name = raw_name.decode(errors="backslashreplace") if entry.is_utf8 else texts[raw_name]
        members.append(
            Member(
                name=name,
                raw_name=raw_name,
                size_bytes=entry.size_bytes,
                position=position,
                failure=_failure(entry, name, limits, is_repeated=raw_name in seen),
            )
        )
        seen.add(raw_name)
    return members


def _language(reader: ArchiveReader, most_bytes: int) -> str | None:
    """Return the language that a ComicInfo.xml in an archive names, such as `ja`, if there is one.

    Only the readers of formats that do not say how names are encoded are asked: zip and tar. They
    read a member without the others.
    """
    for position, entry in enumerate(reader.entries):
        if entry.raw_name.lower().endswith(_DOCUMENT) and entry.size_bytes <= most_bytes:
            with suppress(ItemError):
                found = _LANGUAGE.search(reader.read(position, "ComicInfo.xml"))
                if found:
                    return found[1].decode()
    return None


def _failure(
    entry: Entry, name: str, limits: MediaLimits, *, is_repeated: bool
) -> ItemError | None:
    if is_repeated:
        return DuplicateMemberError(name)
    if entry.special_kind is not None:
        return MemberNotFileError(name, entry.special_kind)
    if entry.is_encrypted:
        return EncryptedArchiveError(name)
    if entry.fault is not None:
        return MemberUnreadableError(name, entry.fault)
    if entry.size_bytes > limits.max_member_bytes:
        what = f"bytes in the member {name!r}"
        return MediaLimitError(what, entry.size_bytes, limits.max_member_bytes)
    return None
