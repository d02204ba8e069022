"""Width and height of a picture as displayed."""

from sqlalchemy.orm import Mapped

from dam.core.ecs.components import Component


class ImageDimensionsComponent(Component, kw_only=True):
    """Width and height in pixels as displayed, with the orientation applied."""

    __tablename__ = "component_image_dimensions"

    width: Mapped[int]
    height: Mapped[int]
