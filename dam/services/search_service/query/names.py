"""The names that a query may use: fields with their short names, and components."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from dam.core.ecs.components import AnyComponent, component_classes, table_of
from dam.core.ecs.search_fields import ValueKind

TYPES = ("image", "video", "audio", "document", "archive", "comic", "font", "other")
"""What `type:` takes."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    "type": TYPES,
    "orientation": ("landscape", "portrait", "square"),
    "storage": ("managed", "referenced", "archive"),
}
"""The fields that take one of a few words."""

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
    "frame_count": "integer",
    "rating": "number",
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
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Names:
    """The fields by whole name with their kinds, and whole names by short name."""

    fields: Mapping[str, ValueKind]
    short_names: Mapping[str, str]

    def whole(self, name: str) -> str | None:
        """Return the whole name of a field, or None if there is no such field."""
        name = name.lower()
        name = self.short_names.get(name, name)
        return name if name in self.fields else None

    def everything(self) -> list[str]:
        """Return all names of fields, whole and short."""
        return sorted({*self.fields, *self.short_names})


def known_names(fields: Mapping[str, ValueKind] | None = None) -> Names:
    """Return the names of the special fields, of `fields`, and of what components declare."""
    kinds, short = dict(_SPECIAL), dict(_SHORT)
    for component in component_classes().values():
        for each in component.search_fields():
            kinds[each.name] = each.kind
            short |= dict.fromkeys(each.short_names, each.name)
    return Names(kinds | dict(fields or {}), short)


def component_named(name: str) -> type[AnyComponent] | None:
    """Return a component by its class, in any case, with or without `Component` at its end."""
    low = name.lower()
    for known, component in component_classes().items():
        if low in {known.lower(), known.lower().removesuffix("component")}:
            return component
    return None


def columns_of(component: type[AnyComponent]) -> list[str]:
    """Return the names of the columns of a component."""
    return [column.key for column in table_of(component).c]


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant."""
    near = get_close_matches(name[:_LONGEST_NAME].lower(), list(known), n=1, cutoff=0.6)
    return near[0] if near else None
