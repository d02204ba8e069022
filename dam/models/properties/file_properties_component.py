"""Size, name and media type, which every asset has."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Component


class FilePropertiesComponent(Component, kw_only=True):
    """Size, media type by content, and the base name of the file from which the bytes first came.

    `description_recipe` is the version of the code that described the asset: its media type and,
    for a picture, its dimensions and format.
    """

    __tablename__ = "component_file_properties"

    size_bytes: Mapped[int]
    name: Mapped[bytes]
    name_text: Mapped[str]
    media_type: Mapped[str | None] = mapped_column(String(255), index=True, default=None)
    description_recipe: Mapped[int | None] = mapped_column(default=None)
