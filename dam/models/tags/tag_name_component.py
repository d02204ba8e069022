"""The names of a tag: its own, and its aliases."""

from sqlalchemy.orm import Mapped, mapped_column

from dam.core.database.column_types import bytewise
from dam.core.ecs.components import MultiComponent


class TagNameComponent(MultiComponent, kw_only=True):
    """One name by which a tag is found; exactly one of them is no alias.

    `key` is the full name, `namespace:name` or `name`, in the form in which names are compared
    (NFKC, casefold). `digest` is the SHA-256 of the key: a world has at most one tag of each name,
    whether it is a tag's own name or an alias.
    """

    __tablename__ = "component_tag_name"

    key: Mapped[str] = mapped_column(bytewise(500), index=True)
    digest: Mapped[bytes] = mapped_column(unique=True)
    is_alias: Mapped[bool] = mapped_column(default=False)
