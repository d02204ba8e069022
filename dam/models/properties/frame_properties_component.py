"""The frames of an animation, or the pages of a picture file."""

from collections.abc import Sequence

from sqlalchemy.orm import Mapped

from dam.core.ecs.components import Component
from dam.core.ecs.search_fields import SearchField


class FramePropertiesComponent(Component, kw_only=True):
    """The number of frames of an animation, or of pages of a picture file; absent if it is 1."""

    __tablename__ = "component_frame_properties"

    frame_count: Mapped[int]
    is_animated: Mapped[bool]

    @classmethod
    def search_fields(cls) -> Sequence[SearchField]:
        """Return the number of frames."""
        return (SearchField(name="frame_count", kind="integer", column=cls.frame_count),)
