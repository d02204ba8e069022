"""A tag: what it is called, what it means, and whether it takes a value."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Component


class TagConceptComponent(Component, kw_only=True):
    """Facts about a tag; its entity is called the tag, and has no bytes.

    `namespace` and `name` are as they were first written: `artist` and `moebius` of
    `artist:moebius`. All names by which the tag is found are `TagNameComponent` rows. `value_type`
    says of which type the values are that this tag takes, as in `rating=5`: `integer`, `number`,
    `text` or `date`; None: it takes no value.
    """

    __tablename__ = "component_tag_concept"

    namespace: Mapped[str | None] = mapped_column(String(100), default=None)
    name: Mapped[str] = mapped_column(String(400))
    description: Mapped[str | None] = mapped_column(default=None)
    value_type: Mapped[str | None] = mapped_column(String(16), default=None)
