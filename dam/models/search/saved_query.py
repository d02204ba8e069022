"""Queries that were saved under a name."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Base


class SavedQuery(Base, kw_only=True):
    """A query that `@NAME` stands for; `key` is the name in the form in which names are compared.

    `query` is the text as it was written.
    """

    __tablename__ = "saved_queries"

    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    query: Mapped[str]
    saved_at: Mapped[datetime]
