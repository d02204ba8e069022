"""Paths of the users' files from which the bytes of an asset came."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import MultiComponent
from dam.core.ecs.search_fields import SEARCHED_TEXT


class OriginalSourceInfoComponent(MultiComponent, kw_only=True):
    """One path at which the bytes were seen.

    Each path occurs once in a world, on the entity of the content that it had last. `path` is the
    result of `os.fsencode`, `path_digest` its SHA-256. `stem_digest` is that of the path without
    the extension, by which pictures and sidecars of one name find each other; None for a folder.
    `read_at` is the time at which the bytes were last read: if the mtime is not well before it, the
    file may have changed since, unseen.
    """

    __tablename__ = "component_original_source_info"

    path: Mapped[bytes]
    path_digest: Mapped[bytes] = mapped_column(unique=True)
    path_text: Mapped[str] = mapped_column(info={SEARCHED_TEXT: "path"})
    size_bytes: Mapped[int]
    mtime_ns: Mapped[int]
    mode: Mapped[int]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    read_at: Mapped[datetime]
    stem_digest: Mapped[bytes | None] = mapped_column(index=True, default=None)
