"""Sidecars, which are XMP in a file of its own, and their media kind `SIDECAR`."""

import os
from dataclasses import dataclass
from typing import BinaryIO

from dam.errors import ItemError, MediaLimitError, UnreadableDocumentError
from dam.media.camera.values import Groups, StatedFacts, TakenAt
from dam.media.kind import MediaKind
from dam.media.limits import MediaLimits

_CORRECTED = ("XMP-exif:DateTimeOriginal", "XMP-photoshop:DateCreated")
_NOTHING = StatedFacts()
_TO_THE_SECOND = len("2024-05-17T12:30:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarFacts:
    """What a sidecar says about the file beside it.

    Attributes:
        for_file: What it states for that file.
        is_unrated: It says that the file has no stars.
        extension: It is for the file with this extension alone, such as `cr2`; in lower case.
        metadata: All its tags, as in `CameraFacts`.
        failure: Why nothing of it is used.
    """

    for_file: StatedFacts = _NOTHING
    is_unrated: bool = False
    extension: str | None = None
    metadata: str = ""
    failure: ItemError | None = None


def read_sidecar(file: BinaryIO, limits: MediaLimits) -> SidecarFacts:
    """Return what a sidecar says.

    Of one that is no XMP, malformed or too large, the answer has only a `failure`: half of a list
    of keywords is none.

    Args:
        file: Open in binary mode and seekable; its position is not kept.
        limits: What a file may demand at most.

    Raises:
        OSError: The file cannot be read.
    """
    from dam.media.camera.xmp import read_xmp  # noqa: PLC0415 - for workers alone

    size_bytes, most = file.seek(0, os.SEEK_END), limits.max_metadata_bytes
    if size_bytes > most:
        return SidecarFacts(failure=MediaLimitError("bytes of XMP", size_bytes, most))
    file.seek(0)
    groups: Groups = {}
    if fault := read_xmp(file.read(most), groups, limits):
        return SidecarFacts(failure=UnreadableDocumentError("XMP", fault))
    return _facts_of(groups)


def _facts_of(groups: Groups) -> SidecarFacts:
    from dam.media.camera.facts import facts_of, states_rating  # noqa: PLC0415 - for workers alone

    camera = facts_of(groups)
    extension = groups.get("XMP-photoshop", {}).get("SidecarForExtension")
    return SidecarFacts(
        for_file=camera.stated,
        is_unrated=camera.rating is None and states_rating(groups),
        extension=extension.lower() if isinstance(extension, str) and extension else None,
        metadata=camera.metadata,
    )


def joined_with(own: StatedFacts, sidecar: SidecarFacts) -> StatedFacts:
    """Return what a file states, with what its sidecar says in place of that.

    Each fact is the sidecar's, or the file's where the sidecar is silent: programs that may not
    write into a file write there, so it is what a person said last. The keywords are those of one
    of the two, not of both. A time counts only if it is one that people correct, and is another
    than the file's by at least a second, which has its offset and parts of a second.
    """
    theirs = sidecar.for_file
    return StatedFacts(
        title=theirs.title or own.title,
        description=theirs.description or own.description,
        author=theirs.author or own.author,
        keywords=theirs.keywords or own.keywords,
        rating=None if sidecar.is_unrated else theirs.rating or own.rating,
        taken_at=_time(own.taken_at, theirs.taken_at),
        position=theirs.position or own.position,
    )


def _time(own: TakenAt | None, theirs: TakenAt | None) -> TakenAt | None:
    if own is None or theirs is None:
        return own or theirs
    is_same = own.local_time[:_TO_THE_SECOND] == theirs.local_time[:_TO_THE_SECOND]
    return own if is_same or theirs.source not in _CORRECTED else theirs


def _describe(file: BinaryIO, _media_type: str, limits: MediaLimits) -> SidecarFacts:
    return read_sidecar(file, limits)


SIDECAR = MediaKind(
    name="sidecar",
    media_types=frozenset({"application/rdf+xml"}),
    describe=_describe,
    description_version=2,
)
