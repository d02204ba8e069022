"""The entry of an asset in the index of search."""

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.database.column_types import bytewise
from dam.core.ecs.components import Component

WORDS_VECTOR = "array_to_tsvector(array_remove(array_remove(string_to_array({}, ' '), ''), '|'))"
"""What PostgreSQL's index of words is over, as SQL with a place for the column `words`."""


def is_index_of_words(name: str) -> bool:
    """Tell whether a table or index is part of the index of words, which is not in the metadata.

    It is an FTS5 table on SQLite, which has further tables, and a GIN index on PostgreSQL.
    """
    return name.startswith(("search_words", "ix_component_search_entry_words"))


class SearchEntryComponent(Component, kw_only=True):
    """What searches need to know of an asset or a comic variant; made from its other components.

    Results are exactly the entities that have one. It is brought up to date in the transaction that
    changes what it is made from.

    `words` are the folded words of its names, titles and texts, each with a space before and after
    it; ` | ` stands between two texts. `name_key` is the folded name by which results are sorted.
    `is_listed` is False for an asset whose only places are inside archives.
    """

    __tablename__ = "component_search_entry"
    __table_args__ = (
        Index(
            "ix_component_search_entry_listed",
            "entity_id",
            sqlite_where=text("is_listed"),
            postgresql_where=text("is_listed"),
        ),
    )

    words: Mapped[str] = mapped_column(default="")
    name_key: Mapped[str | None] = mapped_column(bytewise(255), index=True, default=None)
    is_listed: Mapped[bool] = mapped_column(default=True)
