"""The pages of a document, its dates, and whether it is encrypted."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Component
from dam.core.ecs.search_fields import SearchField


class DocumentPropertiesComponent(Component, kw_only=True):
    """The facts about a document but its words.

    The number of pages is searched by as `page_count`, as that of a comic is.

    Args:
        page_count: Pages, or slides; of other documents than PDF only if they state it.
        is_encrypted: The whole, or a part, is encrypted; it may be readable without a password.
        created_at: As the document states; a time without its zone counts as UTC.
        modified_at: The same.
    """

    __tablename__ = "component_document_properties"

    page_count: Mapped[int | None] = mapped_column(default=None)
    is_encrypted: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime | None] = mapped_column(default=None)
    modified_at: Mapped[datetime | None] = mapped_column(default=None)

    @classmethod
    def search_fields(cls) -> Sequence[SearchField]:
        """Return whether it is encrypted."""
        return (SearchField(name="encrypted", kind="flag", column=cls.is_encrypted),)
