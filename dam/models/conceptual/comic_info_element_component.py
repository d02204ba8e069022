"""What a variant's ComicInfo.xml says, element by element."""

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import MultiComponent


class ComicInfoElementComponent(MultiComponent, kw_only=True):
    """One child of the document's root, known to the schema or not, in document order.

    `value` is its text, or, where `is_markup`, its whole XML, as for an unknown element with
    children. The list of pages is not among them: it is `PageLink` rows.
    """

    __tablename__ = "component_comic_info_element"
    __table_args__ = (UniqueConstraint("entity_id", "position"),)

    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(255))
    value: Mapped[str]
    is_markup: Mapped[bool] = mapped_column(default=False)
