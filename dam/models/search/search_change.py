"""Entities whose entry in the index of search is out of date."""

from sqlalchemy import Column, Table

from dam.core.database.column_types import Int64
from dam.core.ecs.components import Base

search_changes = Table(
    "search_changes",
    Base.metadata,
    Column("entity_id", Int64, nullable=False),
)
"""One row for each change since the entries were last brought up to date; triggers write it.

It has no key, so that two transactions never wait for each other, and no foreign key, because rows
are written for deleted entities, too. It is empty at the end of each transaction of dam.
"""
