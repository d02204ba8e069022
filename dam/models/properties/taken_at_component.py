"""When a picture or a film was taken."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.database.column_types import LocalDateTime
from dam.core.ecs.components import Component
from dam.core.ecs.search_fields import SearchField


class TakenAtComponent(Component, kw_only=True):
    """The clock of the place when it was taken, and how far that clock is ahead of UTC.

    Args:
        taken_at: Without a zone, as the file says.
        utc_offset_minutes: None if the file does not say.
        source: The tag that it is from, such as `ExifIFD:DateTimeOriginal`.
    """

    __tablename__ = "component_taken_at"

    taken_at: Mapped[datetime] = mapped_column(LocalDateTime(), index=True)
    utc_offset_minutes: Mapped[int | None] = mapped_column(default=None)
    source: Mapped[str] = mapped_column(String(100))

    @classmethod
    def search_fields(cls) -> Sequence[SearchField]:
        """Return the time."""
        return (
            SearchField(name="taken_at", kind="time", column=cls.taken_at, short_names=("taken",)),
        )
