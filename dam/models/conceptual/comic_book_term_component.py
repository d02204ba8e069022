"""People, genres, tags and other terms of a comic, one row each."""

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import MultiComponent
from dam.core.ecs.search_fields import SEARCHED_TEXT


class ComicBookTermComponent(MultiComponent, kw_only=True):
    """One person in one role, or one genre, tag, story arc, character, team or location of a comic.

    `kind` is the name of the ComicInfo element that lists such terms (`Writer`, `Genre`,
    `StoryArc` …); `position` is the place in that list, from 0.
    """

    __tablename__ = "component_comic_book_term"
    __table_args__ = (UniqueConstraint("entity_id", "kind", "position"),)

    kind: Mapped[str] = mapped_column(String(64), index=True)
    name: Mapped[str] = mapped_column(String(500), index=True, info={SEARCHED_TEXT: "text"})
    position: Mapped[int]
