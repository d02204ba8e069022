"""A media kind of a plugin, for tests: a note is a text that begins with `note`.

The second word of a note says what goes wrong with it.
"""

import os
import time
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from PIL import Image

from dam.core.ecs.components import EntityId
from dam.core.media_kinds import KindBinding
from dam.core.systems.commands import Commands
from dam.errors import ItemError
from dam.media.kind import MediaKind
from dam.media.limits import MediaLimits
from dam.models import FramePropertiesComponent

NOTE_TYPE = "text/x-note"


@dataclass(frozen=True)
class NoteFacts:
    """How many words a note has."""

    words: int


class NoWordsError(ItemError):
    """A note has no words."""

    def __init__(self) -> None:
        super().__init__("the note has no words")


def recognise(head: bytes, file: BinaryIO) -> str | None:
    """Tell notes from other texts."""
    assert file.read(len(head)) == head
    if head.startswith(b"odd type"):
        return "image/jpeg"
    if head.startswith(b"odd raises"):
        raise ValueError("what a plugin forgot")
    if head.startswith(b"odd exits"):
        raise SystemExit(4)
    if head.startswith(b"odd dies"):
        os._exit(7)
    return NOTE_TYPE if head.startswith(b"note") else None


def describe(file: BinaryIO, media_type: str, limits: MediaLimits) -> NoteFacts:
    """Count the words of a note."""
    assert (media_type, limits) == (NOTE_TYPE, MediaLimits())
    words = file.read().decode().split()[1:]
    match words[:1]:
        case []:
            raise NoWordsError
        case ["raises"]:
            raise ValueError("what a plugin forgot")
        case ["dies"]:
            os._exit(7)
        case ["hangs"]:
            time.sleep(60)
        case ["lies"]:
            return cast("NoteFacts", 3)
    return NoteFacts(len(words))


def picture(file: BinaryIO, _media_type: str, _limits: MediaLimits) -> Any:
    """Draw a note: larger than a thumbnail, and transparent."""
    content = file.read()
    if b"undrawable" in content:
        raise ValueError("what a plugin forgot")
    if b"deadly" in content:
        os._exit(7)
    return Image.new("RGBA", (900, 600), (255, 0, 0, 128))


def write(commands: Commands, asset: EntityId, facts: NoteFacts) -> None:
    """Write the count."""
    if facts.words > 5:
        raise LookupError("what a plugin forgot")
    commands.set_values(asset, FramePropertiesComponent, frame_count=facts.words, is_animated=False)


NOTE = MediaKind(
    name="note",
    media_types=frozenset({NOTE_TYPE}),
    describe=describe,
    description_version=4,
    picture=picture,
    picture_version=2,
    is_hashed=False,
    recognise=recognise,
    requirements={"ink": lambda: True},
)
NOTES = KindBinding(kind=NOTE, components=(FramePropertiesComponent,), write=write)
