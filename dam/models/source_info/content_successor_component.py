"""What came in the place of an asset's bytes."""

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import MultiComponent


class ContentSuccessorComponent(MultiComponent, kw_only=True):
    """The entity whose content was found later at a path that had held this entity's content."""

    __tablename__ = "component_content_successor"
    __table_args__ = (UniqueConstraint("entity_id", "successor_entity_id"),)

    successor_entity_id: Mapped[int] = mapped_column(
        ForeignKey("entities.id", ondelete="CASCADE"), index=True
    )
