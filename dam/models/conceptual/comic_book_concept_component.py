"""A comic as a work: an issue, a volume, a graphic novel."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.search_fields import SEARCHED_TEXT
from dam.models.conceptual.base_conceptual_info_component import BaseConceptualInfoComponent


class ComicBookConceptComponent(BaseConceptualInfoComponent, kw_only=True):
    """Facts that identify and describe a comic as a work.

    `issue_number` is text: `1.5`, `½`, `-1` and `1A` are numbers of issues. People, genres, story
    arcs and the like are `ComicBookTermComponent` rows. `title_key` is the key by which concepts
    are looked up: `dam.media.comic.name.title_key` of the titles, written whenever they are.
    `volume_text` stands where the volume is not one whole number, as `3.5` or `1-3`.
    `publication_format` is ComicInfo's `Format`, such as `Annual` or `Trade Paperback`.
    """

    __tablename__ = "component_comic_book_concept"

    comic_title: Mapped[str] = mapped_column(info={SEARCHED_TEXT: "text"})
    series_title: Mapped[str | None] = mapped_column(
        String(500), default=None, info={SEARCHED_TEXT: "text"}
    )
    issue_number: Mapped[str | None] = mapped_column(String(64), default=None)
    volume: Mapped[int | None] = mapped_column(default=None)
    volume_text: Mapped[str | None] = mapped_column(String(64), default=None)
    issue_count: Mapped[int | None] = mapped_column(default=None)
    publication_year: Mapped[int | None] = mapped_column(default=None)
    publication_month: Mapped[int | None] = mapped_column(default=None)
    publication_day: Mapped[int | None] = mapped_column(default=None)
    publisher: Mapped[str | None] = mapped_column(default=None)
    imprint: Mapped[str | None] = mapped_column(default=None)
    age_rating: Mapped[str | None] = mapped_column(String(64), default=None)
    publication_format: Mapped[str | None] = mapped_column(String(64), default=None)
    title_key: Mapped[str | None] = mapped_column(String(500), index=True, default=None)
