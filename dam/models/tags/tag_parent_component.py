"""The parents of a tag: more general tags."""

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import MultiComponent


class TagParentComponent(MultiComponent, kw_only=True):
    """One more general tag: a search for the parent also finds what has this tag.

    Example: `animal` is a parent of `cat`. The parents of all tags have no cycle.
    """

    __tablename__ = "component_tag_parent"
    __table_args__ = (UniqueConstraint("entity_id", "parent_entity_id"),)

    parent_entity_id: Mapped[int] = mapped_column(
        ForeignKey("entities.id", ondelete="CASCADE"), index=True
    )
