"""What a file says of itself in words."""

from collections.abc import Sequence

from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Component
from dam.core.ecs.search_fields import SEARCHED_TEXT, SearchField


class StatedTextComponent(Component, kw_only=True):
    """Title, description and author, as the file itself states them; None for what it does not."""

    __tablename__ = "component_stated_text"

    title: Mapped[str | None] = mapped_column(info={SEARCHED_TEXT: "text"}, default=None)
    description: Mapped[str | None] = mapped_column(info={SEARCHED_TEXT: "text"}, default=None)
    author: Mapped[str | None] = mapped_column(info={SEARCHED_TEXT: "text"}, default=None)

    @classmethod
    def search_fields(cls) -> Sequence[SearchField]:
        """Return title, description and author."""
        return (
            SearchField(name="title", kind="text", column=cls.title),
            SearchField(name="description", kind="text", column=cls.description),
            SearchField(name="author", kind="text", column=cls.author),
        )
