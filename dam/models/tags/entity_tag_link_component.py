"""The tags of an entity."""

from sqlalchemy import Double, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import MultiComponent


class EntityTagLinkComponent(MultiComponent, kw_only=True):
    """One tag that a source gives to an entity, with its value, if the tag takes one.

    `source` says where it is from: `user`, `file`, `rule` or `importer`. `system` is the name of
    the system that gave it; empty for people. Each source and system replaces and removes only its
    own links. `value` is the value as text, in one form for each value; `number` is the same where
    it is a number, for comparisons.
    """

    __tablename__ = "component_entity_tag_link"
    __table_args__ = (
        UniqueConstraint(
            "entity_id",
            "tag_entity_id",
            "source",
            "system",
            name="uq_component_entity_tag_link",
        ),
        Index("ix_component_entity_tag_link_tag", "tag_entity_id", "entity_id"),
        # Of a tag with values it has those that are numbers, so that no link need be read for them.
        Index(
            "ix_component_entity_tag_link_number",
            "tag_entity_id",
            "entity_id",
            "number",
            sqlite_where=text("number IS NOT NULL"),
            postgresql_where=text("number IS NOT NULL"),
        ),
    )

    # Without an index of its own: the unique constraint begins with it.
    entity_id: Mapped[int] = mapped_column(
        ForeignKey("entities.id", ondelete="CASCADE"), init=False
    )

    tag_entity_id: Mapped[int] = mapped_column(ForeignKey("entities.id", ondelete="CASCADE"))
    source: Mapped[str] = mapped_column(String(32))
    system: Mapped[str] = mapped_column(String(255), default="")
    value: Mapped[str | None] = mapped_column(default=None)
    number: Mapped[float | None] = mapped_column(Double, default=None)
