"""The facts about a video or a song, as plain values; nothing is imported for them."""

from dataclasses import dataclass, field

from dam.media.camera.values import Position, StatedFacts, TakenAt


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFacts:
    """The moving pictures of a file.

    Attributes:
        codec: FFmpeg's name of the codec, such as `h264`; None if FFmpeg does not know it.
        width: Pixels in a row as displayed: stretched, if they are stored narrower or wider than
            high, and after the turn that `rotation` says.
        height: Rows, likewise.
        frame_rate: Frames a second, on average; None if the file does not tell.
        rotation: Degrees clockwise by which a player turns the stored frames: 0, 90, 180 or 270;
            it may mirror them, too.
    """

    codec: str | None
    width: int
    height: int
    frame_rate: float | None = None
    rotation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFacts:
    """The sound of a file; of several languages, the first."""

    codec: str | None
    sample_rate_hz: int | None = None
    channels: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SongTags:
    """What a file says of a song; None is what it does not say."""

    artist: str | None = None
    album: str | None = None
    album_artist: str | None = None
    track: int | None = None
    year: int | None = None
    genre: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFacts:
    """What is known of a video or a song without decoding it.

    Attributes:
        container: The format of the file, such as `mp4`, `matroska` or `mp3`.
        duration_s: None if the file does not tell.
        bit_rate: Bits a second of the whole file.
        video: Its moving pictures; None for sound only. A cover is none.
        audio: Its sound.
        title: The title of the song or the video.
        description: The comment in the file.
        song: The tags of a song, which some videos have, too.
        recorded_at: Only of videos: for songs it would be the time of their encoding.
        position: The place where a video was recorded.
        make: The maker of its camera.
        model: Its camera.
        streams: The kind and the codec of each stream, such as `audio aac`, in their order.
        tags: All tags of the file, cleaned, by their names in lower case.
    """

    container: str
    duration_s: float | None = None
    bit_rate: int | None = None
    video: VideoFacts | None = None
    audio: AudioFacts | None = None
    title: str | None = None
    description: str | None = None
    song: SongTags = SongTags()
    recorded_at: TakenAt | None = None
    position: Position | None = None
    make: str | None = None
    model: str | None = None
    streams: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def stated(self) -> StatedFacts:
        """What it says for people."""
        return StatedFacts(
            title=self.title,
            description=self.description,
            taken_at=self.recorded_at,
            position=self.position,
        )
