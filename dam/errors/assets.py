"""Faults of what commands are asked to do with assets."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dam.errors.base import EnvironmentFaultError, ItemError, UsageError, display_path
from dam.errors.secrets import url_without_password


class NoContentError(ItemError):
    """An entity without bytes of its own was to be read."""

    def __init__(self, entity_id: int) -> None:
        self.entity_id = entity_id
        super().__init__(f"entity {entity_id} has no content")


class FolderGivenError(UsageError):
    """Folders were named where files are taken."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{display_path(path)} is a folder; expected files", "add -r to go into folders"
        )


class EntityInUseError(ItemError):
    """An entity that others need, so it cannot be deleted."""

    def __init__(self, entity_id: int, users: Sequence[int]) -> None:
        self.entity_id = entity_id
        self.users = tuple(users)
        noun = "entity" if len(self.users) == 1 else "entities"
        super().__init__(
            f"entity {entity_id} is used by {noun} {', '.join(map(str, self.users))}",
            "delete what uses it first",
        )


class UnknownNameError(UsageError):
    """A name that nothing of its kind has in this world; plugins may bring more."""

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        from difflib import get_close_matches  # noqa: PLC0415 - not for each start of the program

        name = url_without_password(name)  # it may be an address, in the wrong place
        self.kind = kind
        self.name = name
        self.known = tuple(known)
        near = get_close_matches(name, known, n=1, cutoff=0.4)
        super().__init__(
            f"no {kind} named {name!r}; known: {', '.join(known) or 'none'}",
            f"did you mean {near[0]!r}?"
            if near
            else "choose one of those known"
            if known
            else None,
        )


class EntityNotFoundError(UsageError):
    """Ids, or beginnings of a SHA-256 in hex, that nothing in this world has."""

    def __init__(self, ids: Sequence[int | str], *, shown: int = 10) -> None:
        self.ids = tuple(ids)
        texts = [f"sha256:{item}" if isinstance(item, str) else str(item) for item in ids[:shown]]
        more = f" and {len(ids) - shown} more" if len(ids) > shown else ""
        noun = "entity" if len(ids) == 1 else "entities"
        super().__init__(
            f"no {noun} {', '.join(texts)}{more}",
            "`add-asset --jsonl` prints ids, and so do the commands that find assets",
        )


class AmbiguousIdError(UsageError):
    """The beginning of a SHA-256 that several assets have; `candidates` lists them, or some."""

    json_fields = ("candidates",)

    def __init__(self, prefix: str, candidates: Mapping[int, str]) -> None:
        self.prefix = prefix
        self.candidates = [
            {"entity_id": entity_id, "sha256": sha256} for entity_id, sha256 in candidates.items()
        ]
        listed = ", ".join(
            f"{entity_id} (sha256:{sha256})" for entity_id, sha256 in candidates.items()
        )
        super().__init__(f"sha256:{prefix} is ambiguous: {listed}", "give the id or more digits")


class MalformedDigestError(UsageError):
    """No digest in hex, nor the beginning of one."""

    def __init__(self, text: str, name: str, least: int, most: int) -> None:
        self.text, self.name = text, name
        super().__init__(
            f"{text!r} is no {name}; expected {least} to {most} hex digits",
            "sha256sum, sha1sum and md5sum print such digests",
        )


class DigestNotComputedError(UsageError):
    """A digest that this world does not compute was asked for."""

    def __init__(self, name: str, computed: Sequence[str]) -> None:
        self.name = name
        self.computed = tuple(computed)
        super().__init__(
            f"this world computes no {name}; it has {', '.join(computed)}",
            f"add {name} to DAM_EXTRA_DIGESTS, then run add-asset --rehash on the files",
        )


class UnreadableQueryError(EnvironmentFaultError):
    """What to search with, a file or an asset, cannot be used; nothing can be found with it."""

    def __init__(self, query: str, reason: str, hint: str | None = None) -> None:
        self.query = query
        self.reason = reason
        said = reason if query in reason else f"{query}: {reason}"
        super().__init__(f"cannot search: {said}", hint or "search with another file or asset")
