"""The moving pictures of a video."""

from collections.abc import Sequence

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Component
from dam.core.ecs.search_fields import SearchField


class VideoPropertiesComponent(Component, kw_only=True):
    """The codec and the frames of a video; their size is in `ImageDimensionsComponent`.

    Args:
        codec: FFmpeg's name of it, such as `h264`; None if it is unknown.
        frame_rate: Frames a second, on average.
        rotation: Degrees clockwise by which a player turns the stored frames: 0, 90, 180 or 270.
    """

    __tablename__ = "component_video_properties"

    codec: Mapped[str | None] = mapped_column(String(64), default=None)
    frame_rate: Mapped[float | None] = mapped_column(default=None)
    rotation: Mapped[int] = mapped_column(default=0)

    @classmethod
    def search_fields(cls) -> Sequence[SearchField]:
        """Return the codec and the frame rate."""
        return (
            SearchField(name="video_codec", kind="name", column=cls.codec),
            SearchField(
                name="frame_rate", kind="number", column=cls.frame_rate, short_names=("fps",)
            ),
        )
