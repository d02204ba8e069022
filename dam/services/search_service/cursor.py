"""`Cursor`: the place in a list of results after which the next page begins."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dam.errors import CursorError

Key = str | int | float | bool | bytes | datetime | None
"""A value by which results are sorted."""


@dataclass(frozen=True)
class Cursor:
    """The last result of a page: its keys, its id, how many came up to it, and the order.

    `str(cursor)` and `Cursor.parse` make a text of it and take it back.
    """

    keys: tuple[Key, ...]
    entity_id: int
    seen: int
    order: str = ""

    def __str__(self) -> str:
        values = [_encoded(key) for key in self.keys]
        packed = json.dumps([values, self.entity_id, self.seen, self.order], separators=(",", ":"))
        return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Return the cursor that a text stands for.

        Raises:
            CursorError: The text stands for none.
        """
        try:
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            values, entity_id, seen, order = json.loads(base64.urlsafe_b64decode(padded))
            keys = tuple(_decoded(each) for each in values)
            return cls(keys, _whole(entity_id), _whole(seen), _text(order))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise CursorError(text) from error


def _whole(number: object) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or abs(number) >= 1 << 63:
        raise TypeError
    return number


def _text(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError
    return text


def _encoded(key: Key) -> Any:  # noqa: ANN401 - of JSON
    if isinstance(key, datetime):
        return {"time": key.isoformat()}
    return {"hex": key.hex()} if isinstance(key, bytes) else key


def _decoded(value: Any) -> Key:  # noqa: ANN401 - of JSON
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        if kind == "hex":
            return bytes.fromhex(text)
        time = datetime.fromisoformat(text)
        if kind != "time" or time.tzinfo is None:
            raise ValueError
        return time
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    raise TypeError
