"""The elements of a variant's ComicInfo.xml, one row each."""

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import MultiComponent


class ComicInfoElementComponent(MultiComponent, kw_only=True):
    """One child of the document's root, whether the schema knows it or not; `position` orders them.

    `value` is the text of the element. If `is_markup`, it is the whole element as XML, as for an
    unknown element with children. The list of pages is not kept here, but as `PageLink` rows.
    """

    __tablename__ = "component_comic_info_element"
    __table_args__ = (UniqueConstraint("entity_id", "position"),)

    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(255))
    value: Mapped[str]
    is_markup: Mapped[bool] = mapped_column(default=False)
