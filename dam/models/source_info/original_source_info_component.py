"""Where the bytes of an asset came from."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import MultiComponent


class OriginalSourceInfoComponent(MultiComponent, kw_only=True):
    """One path at which the bytes were seen; a path is in a world once, with what it held last.

    `path` is what `os.fsencode` gives, `path_digest` its SHA-256. `read_at` is when the bytes were
    last read: a file whose mtime is not well before that may have changed since, unseen.
    """

    __tablename__ = "component_original_source_info"

    path: Mapped[bytes]
    path_digest: Mapped[bytes] = mapped_column(unique=True)
    path_text: Mapped[str]
    size_bytes: Mapped[int]
    mtime_ns: Mapped[int]
    mode: Mapped[int]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    read_at: Mapped[datetime]
