"""Assets in the trash."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import HidingComponent


class TrashedComponent(HidingComponent, kw_only=True):
    """The asset is in the trash since `trashed_at`: listings leave it out, nothing is forgotten."""

    __tablename__ = "component_trashed"

    trashed_at: Mapped[datetime] = mapped_column(index=True)
