"""Which world a database is."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs import Base


class WorldIdentity(Base, kw_only=True):
    """The one row with the world's UUID; caches outside the database are kept under it.

    `new_store` names the store that was begun anew because the one before was lost, as its mark
    does; None where none was, or where the one before is back.
    """

    __tablename__ = "world_identity"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    uuid: Mapped[str] = mapped_column(String(32))
    new_store: Mapped[str | None] = mapped_column(String(32), default=None)
