"""Plain values for what the metadata of a picture says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

TagValue: TypeAlias = (
    "str | int | float | bool | Sequence[TagValue] | Mapping[str, TagValue] | None"
)
"""The value of a tag, as JSON can hold it; None stands for a number that is none, such as 0/0."""

Groups: TypeAlias = dict[str, dict[str, TagValue]]
"""Values by tag by group, named as `exiftool -G1 -n` names them: `{"IFD0": {"Make": "Canon"}}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenAt:
    """When a picture was taken.

    Attributes:
        local_time: The clock of the place, as the file says, such as `2024-05-17T12:30:00.250000`.
        utc_offset_minutes: How far that clock is ahead of UTC; None if the file does not say.
        source: The tag that says so, such as `ExifIFD:DateTimeOriginal`.
    """

    local_time: str
    utc_offset_minutes: int | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place on the earth: degrees, north and east positive, and metres above the sea."""

    latitude: float
    longitude: float
    altitude_m: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedFacts:
    """What a file says of itself for people; what it does not say is None or empty.

    Attributes:
        keywords: Each once; they become tags.
        rating: Stars, 1 to 5.
        taken_at: When a picture was taken or a film was recorded.
        position: Where that was.
    """

    title: str | None = None
    description: str | None = None
    author: str | None = None
    keywords: tuple[str, ...] = ()
    rating: int | None = None
    taken_at: TakenAt | None = None
    position: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraFacts:
    """What the metadata of a picture says; what it does not say is None or empty.

    Attributes:
        orientation: EXIF's number, 1 to 8, as stored.
        rating: Stars, 1 to 5.
        keywords: Each once; one of a hierarchy also as its path, such as `places/France/Paris`.
        metadata: All tags, as a JSON object of groups, each an object of tags; empty without any.
    """

    make: str | None = None
    model: str | None = None
    lens: str | None = None
    exposure_time_s: float | None = None
    f_number: float | None = None
    iso: int | None = None
    focal_length_mm: float | None = None
    orientation: int | None = None
    taken_at: TakenAt | None = None
    position: Position | None = None
    rating: int | None = None
    title: str | None = None
    description: str | None = None
    author: str | None = None
    keywords: tuple[str, ...] = ()
    metadata: str = ""

    @property
    def stated(self) -> StatedFacts:
        """What it says for people, and a sidecar may say instead."""
        return StatedFacts(
            title=self.title,
            description=self.description,
            author=self.author,
            keywords=self.keywords,
            rating=self.rating,
            taken_at=self.taken_at,
            position=self.position,
        )
