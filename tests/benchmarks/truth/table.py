"""A table of truth: how many of the values that another program found are found by dam, too."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.benchmarks.report import say


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a table.

    Args:
        what: What is compared, such as `duration`.
        equal: How many values are equal.
        total: How many values there are.
        least: The share that must be equal; None if the issue asks for none.
        wrong: The files or values that differ, for people.
    """

    what: str
    equal: int
    total: int
    least: float | None = None
    wrong: Sequence[str] = field(default=())

    @property
    def share(self) -> float:
        """The share of equal values, 0 to 1; 0 if there are none."""
        return self.equal / self.total if self.total else 0.0

    @property
    def is_met(self) -> bool:
        """Tell whether as much is equal as must be."""
        return self.least is None or self.share >= self.least


def show(title: str, rows: Sequence[Row]) -> None:
    """Print a table, with the first values that differ below each line."""
    say(title)
    for row in rows:
        asked = "" if row.least is None else f", at least {row.least:.0%}"
        verdict = "" if row.least is None else (": met" if row.is_met else ": NOT MET")
        say(f"  {row.share:7.2%}  {row.what} ({row.equal} of {row.total}{asked}{verdict})")
        for each in row.wrong[:5]:
            say(f"             {each}")
