"""`MediaKind`: a kind of file, with the functions that recognise, describe and picture it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Generic, TypeVar

from dam.media.decoder import Decoder
from dam.media.limits import MediaLimits

Facts = TypeVar("Facts")

GENERIC_TYPES = frozenset(
    {
        "application/octet-stream",
        "application/zip",
        "application/json",
        "text/plain",
        "text/xml",
    }
)
"""Media types that only say how the bytes are packed; the recogniser of a kind may know better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaKind(Generic[Facts]):
    """A kind of file. Its functions run in worker processes, so they know no database.

    Each function must be defined at the top of a module, which each worker imports. It raises an
    `ItemError` for a file that cannot be used. The functions are given the limits, which they must
    keep: files come from anywhere. They are given the file open for reading, at its beginning; they
    may seek in it, and leave it open. They open no other file.

    Args:
        name: A short name, such as `image`; stored with each asset that the kind describes.
        media_types: The media types of its files. No two kinds may have the same one.
        describe: Returns the facts about a file, given the open file and its media type. The return
            annotation says how the worker's answer is decoded: a dataclass of plain values. Has it
            an attribute `failure`, an `ItemError` there says what could not be read of the file. An
            attribute `stated`, a `StatedFacts` of `dam.media.camera.values`, is what the file says
            for people; dam writes it, with what the sidecar of the file says instead.
        description_version: Raise it if `describe` or `recognise` changes its answer for any file.
        picture: Returns the picture from which hashes and the thumbnail are made, given the same:
            a `PIL.Image.Image` of any size and mode. In its `info` may be an `icc_profile`, and a
            `fault`: an `ItemError` that says which part of the picture is missing, and
            `is_hashed`: False for a picture that is not compared with others. It raises
            `NoPictureError` if there is nothing in a sound file to make a picture of.
            None: files of this kind have no picture.
        picture_version: Raise it if `picture` changes its answer for any file.
        newer_pictures: Versions of the pictures of single media types, where `picture` changed its
            answer for files of these alone; the pictures of the others are then not drawn anew.
        is_hashed: Compare the pictures with others by perceptual hashes. False where equal pictures
            do not mean equal contents: twelve songs with one cover are no duplicates.
        scaled: Media types whose pictures are decoded at a fraction of their size, so that a large
            one needs little memory.
        preloads: Modules that a worker imports before the first file comes. Only for the kinds that
            most files have: every worker pays for it.
        recognise: Returns the media type of a file of which only a generic type is known (see
            `GENERIC_TYPES`), or None. It is given the first 4,096 bytes, and the open file.
        requirements: Functions that tell whether an extra, program or package that some files need
            is installed, by its name as in `DamError.requirement`.
        decoders: Returns the state of each decoder, for `doctor`.

    Example:
        SONG = MediaKind(
            name="song",
            media_types=frozenset({"audio/mpeg"}),
            describe=read_song,  # (file: BinaryIO, media_type: str, limits: MediaLimits)
            description_version=1,
        )
    """

    name: str
    media_types: frozenset[str]
    describe: Callable[[BinaryIO, str, MediaLimits], Facts]
    description_version: int
    picture: Callable[[BinaryIO, str, MediaLimits], Any] | None = None
    picture_version: int = 1
    newer_pictures: Mapping[str, int] = field(default_factory=dict)
    is_hashed: bool = True
    scaled: frozenset[str] = frozenset()
    preloads: tuple[str, ...] = ()
    recognise: Callable[[bytes, BinaryIO], str | None] | None = None
    requirements: Mapping[str, Callable[[], bool]] = field(default_factory=dict)
    decoders: Callable[[], Mapping[str, Decoder]] | None = None


def kind_of(kinds: Iterable[MediaKind[Any]], media_type: str | None) -> MediaKind[Any] | None:
    """Return the kind of files of this media type, or None."""
    return next((kind for kind in kinds if media_type in kind.media_types), None)


def version_of_picture(kind: MediaKind[Any] | None, media_type: str | None) -> int:
    """Return the version of the pictures of a media type; 0 for files that have none."""
    if kind is None or kind.picture is None or media_type is None:
        return 0
    return kind.newer_pictures.get(media_type, kind.picture_version)


def has_picture(kind: MediaKind[Any]) -> bool:
    """Tell whether files of this kind have a picture, and so a thumbnail."""
    return kind.picture is not None
