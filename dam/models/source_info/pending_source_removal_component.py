"""Sources that a move has still to remove."""

from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import MultiComponent


class PendingSourceRemovalComponent(MultiComponent, kw_only=True):
    """One file that a move has stored, and whose source must still be removed.

    The row is written in the last commit that needs the source. It is deleted when the source is
    gone, or when it is decided that the source stays. The entity has the bytes; its SHA-256 shows
    whether the source still has the same ones. `path` is a path on the machine `machine_id`;
    `size_bytes` and `mtime_ns` are from when the file was read. `aside_name` is the name in the
    same folder under which the file is set aside before it is removed.
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
