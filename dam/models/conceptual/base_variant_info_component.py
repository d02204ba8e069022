"""What variants of works of every kind have."""

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from dam.core.ecs.components import ON_RELEASE, Component


class BaseVariantInfoComponent(Component, kw_only=True):
    """One form of a work: an edition, a scan, a language.

    Without a `conceptual_entity_id` it waits for its work. A concept has at most one primary
    variant of a kind; the database says so.
    """

    __abstract__ = True

    conceptual_entity_id: Mapped[int | None] = mapped_column(
        ForeignKey("entities.id", ondelete="RESTRICT"),
        index=True,
        default=None,
        info={ON_RELEASE: {"is_primary_variant": False}},
    )
    is_primary_variant: Mapped[bool] = mapped_column(default=False)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Index, ...]:  # noqa: N805 - what the decorator is given
        """Return the rule that a concept has at most one primary variant."""
        is_primary = text("is_primary_variant")
        return (
            Index(
                f"uq_{cls.__tablename__}_primary",
                "conceptual_entity_id",
                unique=True,
                sqlite_where=is_primary,
                postgresql_where=is_primary,
            ),
        )
