"""The names that a query may use: fields with their short names, and components."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import Boolean, Integer, LargeBinary, Numeric
from sqlalchemy.types import TypeEngine

from dam.core.database.column_types import LocalDateTime, UtcDateTime
from dam.core.ecs.components import AnyComponent, component_classes, table_of
from dam.core.ecs.search_fields import ValueKind
from dam.media.tag_name import tag_key

TYPES = ("image", "video", "audio", "document", "archive", "comic", "font", "other")
"""What `type:` takes."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    "type": TYPES,
    "orientation": ("landscape", "portrait", "square"),
    "storage": ("managed", "referenced", "archive"),
}
"""The fields that take one of a few words."""

WHERE_FIELDS_ARE = "`dam-cli search --list-fields` lists all fields"
"""The hint where no known field is near to one that is not known."""

LONGEST_SAVED_NAME = 100
"""At most this many characters has the name of a saved query."""

_SPECIAL: Mapping[str, ValueKind] = {
    "id": "integer",
    "name": "text",
    "path": "text",
    "type": "name",
    "ext": "name",
    "media_type": "name",
    "size_bytes": "size",
    "sha256": "name",
    "added_at": "time",
    "modified_at": "time",
    "orientation": "name",
    "codec": "name",
    "frame_count": "integer",
    "rating": "number",
    "keywords": "text",
    "tags": "text",
    "comic": "text",
    "series": "text",
    "issue": "text",
    "language": "name",
    "page_count": "integer",
    "storage": "name",
    "failed": "name",
}
_SHORT: Mapping[str, str] = {
    "mime": "media_type",
    "size": "size_bytes",
    "added": "added_at",
    "modified": "modified_at",
    "tag": "tags",
    "pages": "page_count",
}
_KINDS: tuple[tuple[type[TypeEngine[Any]], ValueKind | Literal["bytes"]], ...] = (
    (LargeBinary, "bytes"),
    (Boolean, "flag"),
    (Integer, "integer"),
    (Numeric, "number"),
    (UtcDateTime, "time"),
    (LocalDateTime, "time"),
)
_LONGEST_NAME = 60
_SUFFIX = "component"


@dataclass(frozen=True)
class Names:
    """The fields by whole name with their kinds, whole names by short name, and components.

    Components are known by their class in lower case.
    """

    fields: Mapping[str, ValueKind]
    short_names: Mapping[str, str]
    components: Mapping[str, type[AnyComponent]]

    def whole(self, name: str) -> str | None:
        """Return the whole name of a field, or None if there is no such field."""
        name = name.lower()
        name = self.short_names.get(name, name)
        return name if name in self.fields else None

    def component(self, name: str) -> type[AnyComponent] | None:
        """Return a component by its class, in any case, with or without `Component` at its end."""
        low = name.lower()
        return self.components.get(low) or self.components.get(f"{low}{_SUFFIX}")

    def everything(self) -> list[str]:
        """Return all names of fields, whole and short."""
        return sorted({*self.fields, *self.short_names})

    def nearest_component(self, name: str) -> str | None:
        """Return the class of the component that was probably meant."""
        near = nearest(name.lower().removesuffix(_SUFFIX), self._short_classes())
        component = self.component(near) if near else None
        return component.__name__ if component else None

    def nearest_of_all(self, name: str) -> str | None:
        """Return the field, or the class of the component, that was probably meant."""
        near = nearest(name, [*self.everything(), *self._short_classes()])
        return near if near is None or self.whole(near) else self.nearest_component(near)

    def _short_classes(self) -> list[str]:
        return [name.removesuffix(_SUFFIX) for name in self.components]


def known_names(fields: Mapping[str, ValueKind] | None = None) -> Names:
    """Return the names of the special fields, of `fields`, and of what components declare."""
    names = _declared_names(tuple(component_classes().values()))
    return names if not fields else replace(names, fields={**names.fields, **fields})


@lru_cache(maxsize=4)
def _declared_names(components: tuple[type[AnyComponent], ...]) -> Names:
    kinds, short = dict(_SPECIAL), dict(_SHORT)
    for component in components:
        for each in component.search_fields():
            kinds[each.name] = each.kind
            short |= dict.fromkeys(each.short_names, each.name)
    return Names(kinds, short, {component.__name__.lower(): component for component in components})


def saved_key(name: str) -> str:
    """Return the form in which the names of saved queries compare; case does not matter.

    A longer text is no name, and stays as it is.
    """
    return tag_key(name) if len(name) <= LONGEST_SAVED_NAME else name


def columns_of(component: type[AnyComponent]) -> list[str]:
    """Return the names of the columns of a component."""
    return [column.key for column in table_of(component).c]


def column_kind(component: type[AnyComponent], name: str) -> ValueKind | Literal["bytes"] | None:
    """Return what a column of a component holds, or None if it has no such column."""
    column = table_of(component).c.get(name)
    if column is None:
        return None
    kinds = (kind for types, kind in _KINDS if isinstance(column.type, types))
    return next(kinds, "text")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant."""
    near = get_close_matches(name[:_LONGEST_NAME].lower(), list(known), n=1, cutoff=0.6)
    return near[0] if near else None
