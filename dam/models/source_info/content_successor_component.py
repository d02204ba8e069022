"""The later content of a path that once had an asset's content."""

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import MultiComponent


class ContentSuccessorComponent(MultiComponent, kw_only=True):
    """A link from an entity to the one whose content was later found at the same path.

    `mtime_ns` is the modification time, in nanoseconds since 1970, of the file that was replaced;
    None if it was not noted.
    """

    __tablename__ = "component_content_successor"
    __table_args__ = (UniqueConstraint("entity_id", "successor_entity_id"),)

    successor_entity_id: Mapped[int] = mapped_column(
        ForeignKey("entities.id", ondelete="CASCADE"), index=True
    )
    mtime_ns: Mapped[int | None] = mapped_column(default=None)
