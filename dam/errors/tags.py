"""Errors of tags: their names, values, aliases and parents."""

from collections.abc import Sequence

from dam.errors.base import UsageError, echoed


class MalformedTagError(UsageError):
    """A text is not the name of a tag, for this reason."""

    def __init__(self, text: str, reason: str) -> None:
        self.text = text
        self.reason = reason
        super().__init__(
            f"not a valid tag: {echoed(text)}: {reason}", "write name, namespace:name or name=value"
        )


class UnknownTagError(UsageError):
    """There is no tag of this name, nor an alias; `near` has similar ones."""

    json_fields = ("near",)

    def __init__(self, name: str, near: Sequence[str] = ()) -> None:
        self.name = name
        self.near = tuple(near)
        hint = f"did you mean {near[0]!r}?" if near else "`dam-cli tag list` lists all tags"
        super().__init__(f"no tag {echoed(name)}", hint)


class TagNameTakenError(UsageError):
    """A name is that of another tag (`taken_by`), or one of its aliases."""

    def __init__(self, name: str, taken_by: str) -> None:
        self.name = name
        self.taken_by = taken_by
        who = "it is a tag" if name == taken_by else f"it is an alias of {taken_by!r}"
        super().__init__(
            f"the name {echoed(name)} is taken: {who}",
            f"`dam-cli tag merge` makes one tag of two, such as {taken_by!r} and yours",
        )


class TagValueError(UsageError):
    """A tag was given a value that it cannot have, or none although it needs one."""

    def __init__(self, tag: str, found: str | None, expected: str | None) -> None:
        self.tag = tag
        self.found = found
        self.expected = expected
        if expected is None:
            message, hint = (
                f"the tag {echoed(tag)} takes no value; found {echoed(found or '')}",
                "leave the value out, or see `dam-cli tag describe --help`",
            )
        else:
            shown = "none" if found is None else echoed(found)
            message = f"the tag {echoed(tag)} takes {expected}; found {shown}"
            hint = f"write {tag}=VALUE; the first value says of which type all are, and "
            hint += "`dam-cli tag describe --type` changes that"
        super().__init__(message, hint)


class TagCycleError(UsageError):
    """A tag would be above itself; `path` leads from the tag up to itself."""

    def __init__(self, path: Sequence[str]) -> None:
        self.path = tuple(path)
        is_short = len(set(path)) == 1
        super().__init__(
            f"a tag cannot be above itself: {' < '.join(path[:2] if is_short else path)}",
            "give another tag as the parent" if is_short else "first take one of these away",
        )


class SameTagError(UsageError):
    """Two names that were to be names of two tags are names of one."""

    def __init__(self, one: str, other: str, tag: str) -> None:
        self.tag = tag
        super().__init__(
            f"{one!r} and {other!r} are the same tag, {tag!r}", "`dam-cli tag show` lists its names"
        )


class OwnNameError(UsageError):
    """A tag's own name was to be taken away as if it were an alias."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        super().__init__(
            f"{tag!r} is the name of a tag, not an alias",
            "`dam-cli tag rename` gives it another name",
        )


class RatingTagError(UsageError):
    """The tag of ratings was to be renamed, merged or given another type."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        super().__init__(
            f"the tag {tag!r} keeps its name and its type: its values are the ratings",
            "give it an alias instead, with `dam-cli tag alias`",
        )


class TagTypesDifferError(UsageError):
    """Two tags were to become one whose values are of different types."""

    def __init__(self, one: str, other: str, types: tuple[str | None, str | None]) -> None:
        self.tags = (one, other)
        self.types = types
        first, second = (kind or "none" for kind in types)
        super().__init__(
            f"the values of {one!r} and {other!r} are of different types: {first} and {second}",
            "first change the type of one, see `dam-cli tag describe --help`",
        )
