"""The container of a video or a song."""

from collections.abc import Sequence

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Component
from dam.core.ecs.search_fields import SearchField


class ContainerPropertiesComponent(Component, kw_only=True):
    """The format that holds the streams of a video or a song.

    Args:
        container: Its short name, such as `mp4`, `mov`, `matroska` or `mp3`.
        bit_rate: Bits a second of the whole file.
    """

    __tablename__ = "component_container_properties"

    container: Mapped[str] = mapped_column(String(32))
    bit_rate: Mapped[int | None] = mapped_column(default=None)

    @classmethod
    def search_fields(cls) -> Sequence[SearchField]:
        """Return the container and its bit rate."""
        return (
            SearchField(name="container", kind="name", column=cls.container),
            SearchField(
                name="bit_rate", kind="integer", column=cls.bit_rate, short_names=("bitrate",)
            ),
        )
