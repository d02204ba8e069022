"""One form of a comic: a scan, a language, a file format."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.search_fields import SEARCHED_TEXT
from dam.models.conceptual.base_variant_info_component import BaseVariantInfoComponent


class ComicBookVariantComponent(BaseVariantInfoComponent, kw_only=True):
    """Facts that distinguish one variant of a comic from another; its pages are `PageLink` rows.

    `language` is a BCP 47 tag, `format` the container (`cbz`, `folder` …).
    """

    __tablename__ = "component_comic_book_variant"

    language: Mapped[str | None] = mapped_column(String(64), default=None)
    format: Mapped[str | None] = mapped_column(String(64), default=None)
    scan_quality: Mapped[str | None] = mapped_column(default=None)
    variant_description: Mapped[str | None] = mapped_column(
        default=None, info={SEARCHED_TEXT: "text"}
    )
    scan_group: Mapped[str | None] = mapped_column(default=None)
    reading_direction: Mapped[str | None] = mapped_column(String(64), default=None)
    """`ltr` or `rtl`; None if it is not known."""
