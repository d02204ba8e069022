"""Width and height of a picture as displayed."""

from collections.abc import Sequence

from sqlalchemy import func
from sqlalchemy.orm import Mapped

from dam.core.ecs.components import Component
from dam.core.ecs.search_fields import SearchField


class ImageDimensionsComponent(Component, kw_only=True):
    """Width and height in pixels as displayed, with the orientation applied."""

    __tablename__ = "component_image_dimensions"

    width: Mapped[int]
    height: Mapped[int]

    @classmethod
    def search_fields(cls) -> Sequence[SearchField]:
        """Return width, height, pixels and ratio."""
        return (
            SearchField(name="width", kind="integer", column=cls.width),
            SearchField(name="height", kind="integer", column=cls.height),
            SearchField(name="pixels", kind="integer", column=cls.width * cls.height),
            SearchField(
                name="ratio", kind="ratio", column=cls.width * 1.0 / func.nullif(cls.height, 0)
            ),
        )
