"""Which world a database is."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Base


class WorldIdentity(Base, kw_only=True):
    """The one row with the world's UUID; caches outside the database are kept under it.

    `store_editions` are the names that imports have given to what is in the store, newest first,
    with spaces between. The store's mark has the newest, too: so a database that does not know it
    is an older copy. `new_store` names the store that was begun anew because the one before was
    lost, as its mark does; None where none was, or where the one before is back.
    """

    __tablename__ = "world_identity"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    uuid: Mapped[str] = mapped_column(String(32))
    store_editions: Mapped[str | None] = mapped_column(default=None)
    new_store: Mapped[str | None] = mapped_column(String(32), default=None)
