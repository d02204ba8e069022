"""The base of all variant components: the work they belong to, and whether they are primary."""

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from dam.core.ecs.components import ON_RELEASE, Component


class BaseVariantInfoComponent(Component, kw_only=True):
    """One form of a work: an edition, a scan, a language.

    `conceptual_entity_id` is the work (the concept); None until the variant is linked to one. A
    concept has at most one primary variant of a kind; a unique index enforces it.
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
    def __table_args__(cls) -> tuple[Index, ...]:  # noqa: N805 - the decorator passes the class
        """Return the index that allows a concept at most one primary variant."""
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
