"""`ReadOnly`: the mark of a function that only reads the database."""

from enum import Enum
from typing import Annotated, TypeVar

T = TypeVar("T")


class FirstMark(Enum):
    """The mark that the annotation of a function's first parameter can carry."""

    READ_ONLY = "ReadOnly"


ReadOnly = Annotated[T, FirstMark.READ_ONLY]
"""Annotates the first parameter of a function that only reads: a session, or a `World`.

To mypy, `ReadOnly[T]` is `T`. At run time `World.run` gives such a function a read-only
transaction, or a world in which every transaction that could write raises `ReaderWritesError`.
Files, such as caches, may be written. A function that locks rows is not read-only.

Example: `async def count_pages(session: ReadOnly[AsyncSession], owner: EntityId) -> int: …`"""
