"""Videos and songs: length, container, codecs, size, and what they say of themselves."""

from dataclasses import asdict

from dam.core.ecs.components import EntityId
from dam.core.media_kinds import KindBinding
from dam.core.systems.commands import Commands
from dam.media.streams.kinds import AUDIO, VIDEO
from dam.media.streams.values import StreamFacts
from dam.models import (
    AudioPropertiesComponent,
    AudioTagsComponent,
    CameraPropertiesComponent,
    ContainerPropertiesComponent,
    DurationComponent,
    FileMetadataComponent,
    ImageDimensionsComponent,
    VideoPropertiesComponent,
)


def write_streams(commands: Commands, asset: EntityId, facts: StreamFacts) -> None:
    """Give a video or a song what its file says; what it does not say is left out."""
    container, bit_rate = facts.container, facts.bit_rate
    commands.set_values(asset, ContainerPropertiesComponent, container=container, bit_rate=bit_rate)
    if facts.duration_s is not None:
        commands.set_values(asset, DurationComponent, duration_s=facts.duration_s)
    _write_video(commands, asset, facts)
    if facts.audio is not None:
        commands.set_values(asset, AudioPropertiesComponent, **asdict(facts.audio))
    song = asdict(facts.song)
    if any(value is not None for value in song.values()):
        commands.set_values(asset, AudioTagsComponent, **song)
    if facts.make or facts.model:
        make, model = facts.make, facts.model
        commands.set_values(asset, CameraPropertiesComponent, make=make, model=model)
    listed = {str(number): words for number, words in enumerate(facts.streams)}
    values = {"Streams": listed, "Tags": facts.tags}
    groups = {name: group for name, group in values.items() if group}
    if groups:
        commands.set_values(asset, FileMetadataComponent, values=groups)


def _write_video(commands: Commands, asset: EntityId, facts: StreamFacts) -> None:
    video = facts.video
    if video is None:
        return
    commands.set_values(
        asset,
        VideoPropertiesComponent,
        codec=video.codec,
        frame_rate=video.frame_rate,
        rotation=video.rotation,
    )
    if video.width and video.height:  # a file may announce frames that it does not have
        width, height = video.width, video.height
        commands.set_values(asset, ImageDimensionsComponent, width=width, height=height)


_COMPONENTS = (
    AudioPropertiesComponent,
    AudioTagsComponent,
    CameraPropertiesComponent,
    ContainerPropertiesComponent,
    DurationComponent,
    FileMetadataComponent,
    ImageDimensionsComponent,
    VideoPropertiesComponent,
)

VIDEOS = KindBinding(kind=VIDEO, components=_COMPONENTS, write=write_streams)
SONGS = KindBinding(kind=AUDIO, components=_COMPONENTS, write=write_streams)
