"""The sound of a song or a video."""

from collections.abc import Sequence

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Component
from dam.core.ecs.search_fields import SearchField


class AudioPropertiesComponent(Component, kw_only=True):
    """The codec and the samples of the sound of a file; of several streams, the first.

    Args:
        codec: FFmpeg's name of it, such as `aac`; None if it is unknown.
        sample_rate_hz: Samples a second.
        channels: 1 for mono, 2 for stereo, 6 for 5.1.
    """

    __tablename__ = "component_audio_properties"

    codec: Mapped[str | None] = mapped_column(String(64), default=None)
    sample_rate_hz: Mapped[int | None] = mapped_column(default=None)
    channels: Mapped[int | None] = mapped_column(default=None)

    @classmethod
    def search_fields(cls) -> Sequence[SearchField]:
        """Return the codec, the sample rate and the number of channels."""
        return (
            SearchField(name="audio_codec", kind="name", column=cls.codec),
            SearchField(
                name="sample_rate_hz",
                kind="integer",
                column=cls.sample_rate_hz,
                short_names=("sample_rate",),
            ),
            SearchField(name="channels", kind="integer", column=cls.channels),
        )
