"""How a picture's pixels are stored."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Component


class ImageFormatComponent(Component, kw_only=True):
    """The format, the pixel mode in Pillow's words, and EXIF's orientation (1 to 8) as stored."""

    __tablename__ = "component_image_format"

    format: Mapped[str] = mapped_column(String(32))
    mode: Mapped[str] = mapped_column(String(16))
    bit_depth: Mapped[int]
    has_alpha: Mapped[bool]
    orientation: Mapped[int]
