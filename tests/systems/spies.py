"""A media kind that a file has taken over: it does what the file says, for tests."""

import os
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from dam.core.ecs.components import EntityId
from dam.core.media_kinds import KindBinding
from dam.core.systems.commands import Commands
from dam.media.kind import MediaKind
from dam.media.limits import MediaLimits
from dam.models import FramePropertiesComponent

SPY_TYPE = "text/x-spy"
DEEDS: dict[str, Callable[[], object]] = {
    "connect": lambda: socket.create_connection(("127.0.0.1", 9)),
    "read": lambda: Path.home().joinpath("secret").read_text("ascii"),
    "write": lambda: (Path.home() / "secret").write_bytes(b"changed"),
    "run": lambda: subprocess.run(["/bin/true"], check=True),
    "kill": lambda: os.kill(os.getppid(), 15),
}


@dataclass(frozen=True)
class SpyFacts:
    """How many bytes a spy has."""

    size_bytes: int


def recognise(head: bytes, _file: BinaryIO) -> str | None:
    """Tell spies from other texts."""
    return SPY_TYPE if head.startswith(b"spy") else None


def describe(file: BinaryIO, _media_type: str, _limits: MediaLimits) -> SpyFacts:
    """Do what the file says."""
    content = file.read()
    deed = content.decode().split()[1]
    if deed in DEEDS:
        DEEDS[deed]()
    return SpyFacts(len(content))


def picture(file: BinaryIO, _media_type: str, _limits: MediaLimits) -> Any:
    """Return a picture, or do what the file says."""
    deed = file.read().decode().split()[-1]
    if deed in DEEDS:
        DEEDS[deed]()
    return Image.new("RGB", (9, 9))


def write(commands: Commands, asset: EntityId, facts: SpyFacts) -> None:
    """Write the number of bytes."""
    commands.set_values(
        asset, FramePropertiesComponent, frame_count=facts.size_bytes, is_animated=False
    )


SPIES = KindBinding(
    kind=MediaKind(
        name="spy",
        media_types=frozenset({SPY_TYPE}),
        describe=describe,
        description_version=1,
        picture=picture,
        recognise=recognise,
    ),
    components=(FramePropertiesComponent,),
    write=write,
)
