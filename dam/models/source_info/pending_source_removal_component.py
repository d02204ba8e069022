"""Files of users that a move has still to remove."""

from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import MultiComponent


class PendingSourceRemovalComponent(MultiComponent, kw_only=True):
    """One file that a move has taken in and whose source is still to be removed.

    It is written with the last commit that needs the source, and goes when the source is gone or is
    to stay. The entity has the bytes; its SHA-256 decides whether the source has them still. `path`
    is on the machine `machine_id`, and size and mtime are those of the file when it was read.
    `aside_name` is the name in the same folder under which the file is set aside to be removed.
    """

    __tablename__ = "component_pending_source_removal"
    __table_args__ = (UniqueConstraint("machine_id", "path_digest"),)

    machine_id: Mapped[str] = mapped_column(String(64))
    path: Mapped[bytes]
    path_digest: Mapped[bytes]
    path_text: Mapped[str]
    size_bytes: Mapped[int]
    mtime_ns: Mapped[int]
    noted_at: Mapped[datetime]
    aside_name: Mapped[bytes | None] = mapped_column(default=None)
