"""`RunReport`: the result of a run of systems."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class RunReport:
    """Result of a run: how many entities each system processed, and how many failed in all."""

    processed: Counter[str] = field(default_factory=Counter)
    failed: int = 0
