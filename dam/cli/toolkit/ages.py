"""Reads ages such as `30d`, for options like `--older-than`."""

import re
from datetime import timedelta

from dam.errors import UsageError, echoed

_AGE = re.compile(r"(\d{1,6})([hdwy])", re.ASCII)
_HOURS = {"h": 1, "d": 24, "w": 7 * 24, "y": 365 * 24}


class MalformedAgeError(UsageError):
    """A text is not an age."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(
            f"not a valid age: {echoed(text)}",
            "give a number and h, d, w or y, such as 30d for 30 days",
        )


def parse_age(text: str) -> timedelta:
    """Return an age: `12h`, `30d`, `2w` or `1y` (365 days).

    Raises:
        MalformedAgeError: The text is something else.
    """
    match = _AGE.fullmatch(text.strip().lower())
    if match is None:
        raise MalformedAgeError(text)
    return timedelta(hours=int(match[1]) * _HOURS[match[2]])
