"""The tags of a song."""

from collections.abc import Sequence

from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Component
from dam.core.ecs.search_fields import SEARCHED_TEXT, SearchField


class AudioTagsComponent(Component, kw_only=True):
    """What a file says of the song in it; its title is in `StatedTextComponent`.

    Args:
        artist: Its artists, as one text.
        album: The album that it is from.
        album_artist: The artist of the album, where it is another.
        track: Its number on the album.
        year: The year in the file's date.
        genre: Its genres, as one text.
    """

    __tablename__ = "component_audio_tags"

    artist: Mapped[str | None] = mapped_column(info={SEARCHED_TEXT: "text"}, default=None)
    album: Mapped[str | None] = mapped_column(info={SEARCHED_TEXT: "text"}, default=None)
    album_artist: Mapped[str | None] = mapped_column(info={SEARCHED_TEXT: "text"}, default=None)
    track: Mapped[int | None] = mapped_column(default=None)
    year: Mapped[int | None] = mapped_column(default=None)
    genre: Mapped[str | None] = mapped_column(default=None)

    @classmethod
    def search_fields(cls) -> Sequence[SearchField]:
        """Return the tags; that of the album's artist by its name alone."""
        return (
            SearchField(name="artist", kind="text", column=cls.artist),
            SearchField(name="album", kind="text", column=cls.album),
            SearchField(name="album_artist", kind="text", column=cls.album_artist),
            SearchField(name="track", kind="integer", column=cls.track),
            SearchField(name="year", kind="integer", column=cls.year),
            SearchField(name="genre", kind="text", column=cls.genre),
        )
