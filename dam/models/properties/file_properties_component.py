"""Size, name and media type, which every asset has."""

from collections.abc import Sequence

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Component
from dam.core.ecs.search_fields import SEARCHED_TEXT, SearchField


class FilePropertiesComponent(Component, kw_only=True):
    """Size, media type by content, and the base name of the file from which the bytes first came.

    Args:
        description_recipe: The version of the code that recognised the media type.
        described_by: The name and the version of the media kind that described the asset, such as
            `image 1`, or failed to. For a file of no kind: of the kinds that were asked to
            recognise it; of a file of which nobody could tell the type: of all kinds.
        picture_version: Of that kind, 0 without pictures; None if describing the asset failed.
    """

    __tablename__ = "component_file_properties"

    size_bytes: Mapped[int]
    name: Mapped[bytes]
    name_text: Mapped[str] = mapped_column(info={SEARCHED_TEXT: "path"})
    media_type: Mapped[str | None] = mapped_column(String(255), index=True, default=None)
    description_recipe: Mapped[int | None] = mapped_column(default=None)
    described_by: Mapped[str | None] = mapped_column(String(255), default=None)
    picture_version: Mapped[int | None] = mapped_column(default=None)

    @classmethod
    def search_fields(cls) -> Sequence[SearchField]:
        """Return size and media type."""
        return (
            SearchField(
                name="size_bytes", kind="size", column=cls.size_bytes, short_names=("size",)
            ),
            SearchField(
                name="media_type", kind="name", column=cls.media_type, short_names=("mime",)
            ),
        )
