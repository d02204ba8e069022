"""The sidecar of an asset."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Component


class SidecarComponent(Component, kw_only=True):
    """The `.xmp` file whose words, tags, time and place the asset has.

    Written when the asset is described; as long as it is there, what the asset has is up to date
    with that sidecar, whose bytes never change.
    """

    __tablename__ = "component_sidecar"

    sidecar_entity_id: Mapped[int] = mapped_column(
        ForeignKey("entities.id", ondelete="CASCADE"), index=True
    )
