"""The length of a video, a song or an animation."""

from collections.abc import Sequence

from sqlalchemy.orm import Mapped

from dam.core.ecs.components import Component
from dam.core.ecs.search_fields import SearchField


class DurationComponent(Component, kw_only=True):
    """The length in seconds; absent if the file does not tell."""

    __tablename__ = "component_duration"

    duration_s: Mapped[float]

    @classmethod
    def search_fields(cls) -> Sequence[SearchField]:
        """Return the length."""
        return (
            SearchField(
                name="duration_s", kind="duration", column=cls.duration_s, short_names=("duration",)
            ),
        )
