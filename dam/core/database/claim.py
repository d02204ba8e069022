"""`Claim`: a function of SQL that is a condition by itself."""

from typing import Self

from sqlalchemy import Boolean
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType


class Claim(FunctionElement[bool]):
    """A function that is a condition by itself.

    SQLAlchemy would write ` = 1` behind it on SQLite, which then would use no index.
    """

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> Self:  # noqa: ARG002 - SQLAlchemy's
        """Return the function as it is."""
        return self
