"""The format of a picture and of its stored pixels."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Component


class ImageFormatComponent(Component, kw_only=True):
    """The format and pixel mode as Pillow names them, and the stored EXIF orientation (1 to 8)."""

    __tablename__ = "component_image_format"

    format: Mapped[str] = mapped_column(String(32))
    mode: Mapped[str] = mapped_column(String(16))
    bit_depth: Mapped[int]
    has_alpha: Mapped[bool]
    orientation: Mapped[int]
