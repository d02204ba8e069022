"""Where the bytes of an asset are."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import MultiComponent

IN_STORE = "store"
REFERENCED = "reference"
IN_ARCHIVE = "archive"


class FileLocationComponent(MultiComponent, kw_only=True):
    """One place that holds the bytes: the content store, a file of the user's, or an archive.

    In the store the digest says where; whether the user's own file is the same inode, so that its
    bytes may change, is asked of the file itself. A referenced file has its path, and the size and
    mtime that it had when it was read. In an archive it is a member of another asset: `path` is
    the member's name there, as its bytes, `path_digest` that of the container's digest and the
    name.

    A large file, stored or referenced, also has what else `stat` said when all of it was last
    hashed: as long as size, mtime, ctime, device and inode are the same, so are the bytes.
    """

    __tablename__ = "component_file_location"

    storage: Mapped[str] = mapped_column(String(32))
    path: Mapped[bytes | None] = mapped_column(default=None)
    path_digest: Mapped[bytes | None] = mapped_column(unique=True, default=None)
    path_text: Mapped[str | None] = mapped_column(default=None)
    size_bytes: Mapped[int | None] = mapped_column(default=None)
    mtime_ns: Mapped[int | None] = mapped_column(default=None)
    ctime_ns: Mapped[int | None] = mapped_column(default=None)
    device: Mapped[int | None] = mapped_column(default=None)
    inode: Mapped[int | None] = mapped_column(default=None)
    container_entity_id: Mapped[int | None] = mapped_column(
        ForeignKey("entities.id", ondelete="RESTRICT"), index=True, default=None
    )
