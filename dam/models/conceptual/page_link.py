"""The ordered pages of a variant, or of any other entity that has pages."""

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Base


class PageLink(Base, kw_only=True):
    """One page: the entity that has it, its number and its picture.

    `owner_entity_id` is the entity that has the pages, a comic variant for example. Numbers count
    from 1. A picture may be a page of several entities, and several pages of one. `attributes` has
    further attributes from the ComicInfo page list, as a JSON object of strings.
    """

    __tablename__ = "page_links"
    __table_args__ = (
        UniqueConstraint("owner_entity_id", "page_number"),
        CheckConstraint("page_number >= 1", name="page_number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    owner_entity_id: Mapped[int] = mapped_column(ForeignKey("entities.id", ondelete="CASCADE"))
    page_image_entity_id: Mapped[int] = mapped_column(
        ForeignKey("entities.id", ondelete="RESTRICT"), index=True
    )
    page_number: Mapped[int]
    page_type: Mapped[str | None] = mapped_column(String(64), default=None)
    is_double_page: Mapped[bool] = mapped_column(default=False)
    attributes: Mapped[str | None] = mapped_column(default=None)
