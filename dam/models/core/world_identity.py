"""The identity of the world that a database holds."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Base


class WorldIdentity(Base, kw_only=True):
    """The one row with the world's UUID; caches outside the database are kept by this UUID.

    Attributes:
        store_editions: The names that the latest imports have given to the contents of the store,
            newest first, separated by spaces. The mark in the store has the newest name. A database
            that does not know this name is an older copy.
        new_store: The name of the store that was begun anew because the one before was lost, as in
            its mark; None where none was, or where the store before is back.
    """

    __tablename__ = "world_identity"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    uuid: Mapped[str] = mapped_column(String(32))
    store_editions: Mapped[str | None] = mapped_column(default=None)
    new_store: Mapped[str | None] = mapped_column(String(32), default=None)
