"""Locations of the bytes of an asset: in the store, in a user's file, or in an archive."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import MultiComponent
from dam.core.ecs.search_fields import SEARCHED_TEXT

IN_STORE = "store"
REFERENCED = "reference"
IN_ARCHIVE = "archive"


class FileLocationComponent(MultiComponent, kw_only=True):
    """One location of the bytes: the content store, a user's file, or a member of an archive.

    `storage` is one of:

    - `IN_STORE`: the asset's digest gives the path. The stored file may be the same inode as the
      user's own file, so that its bytes can change; this is asked of the file, not kept here.
    - `REFERENCED`: `path` is the user's file; size and mtime are those it had when it was read.
    - `IN_ARCHIVE`: the bytes are a member of the asset `container_entity_id`. `path` is the name
      of the member, as bytes; `path_digest` is the digest of the container's digest and that name.

    A large file, stored or referenced, also has `ctime_ns`, `device` and `inode` from the last time
    all of it was hashed. As long as these, size and mtime are the same, so are the bytes.
    """

    __tablename__ = "component_file_location"

    storage: Mapped[str] = mapped_column(String(32))
    path: Mapped[bytes | None] = mapped_column(default=None)
    path_digest: Mapped[bytes | None] = mapped_column(unique=True, default=None)
    path_text: Mapped[str | None] = mapped_column(default=None, info={SEARCHED_TEXT: "path"})
    size_bytes: Mapped[int | None] = mapped_column(default=None)
    mtime_ns: Mapped[int | None] = mapped_column(default=None)
    ctime_ns: Mapped[int | None] = mapped_column(default=None)
    device: Mapped[int | None] = mapped_column(default=None)
    inode: Mapped[int | None] = mapped_column(default=None)
    container_entity_id: Mapped[int | None] = mapped_column(
        ForeignKey("entities.id", ondelete="RESTRICT"), index=True, default=None
    )
