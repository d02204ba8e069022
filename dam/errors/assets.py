"""Errors of commands that look up, read or change assets: ids, names, digests and queries."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dam.errors.base import EnvironmentFaultError, ItemError, UsageError, display_path, echoed
from dam.errors.secrets import url_without_password


class NoContentError(ItemError):
    """The caller asked for the bytes of an entity that has none."""

    def __init__(self, entity_id: int) -> None:
        self.entity_id = entity_id
        super().__init__(f"entity {entity_id} has no content")


class NoComponentError(ItemError):
    """A component was to be updated that its entity does not have."""

    def __init__(self, entity_id: int, component: str) -> None:
        self.entity_id = entity_id
        self.component = component
        super().__init__(f"entity {entity_id} has no {component} to update")


class EntityInUseError(ItemError):
    """An entity cannot be deleted, because other entities (`users`) refer to it."""

    def __init__(self, entity_id: int, users: Sequence[int]) -> None:
        self.entity_id = entity_id
        self.users = tuple(users)
        noun = "entity" if len(self.users) == 1 else "entities"
        super().__init__(
            f"entity {entity_id} is used by {noun} {', '.join(map(str, self.users))}",
            "first delete the entities that use it",
        )


class ChangedSinceError(ItemError):
    """A change cannot be undone, because its rows were changed again (`entity_ids`)."""

    def __init__(self, what: str, entity_ids: Sequence[int]) -> None:
        self.what = what
        self.entity_ids = tuple(entity_ids)
        first = ", ".join(map(str, self.entity_ids[:_MOST_IDS]))
        more = " …" if len(self.entity_ids) > _MOST_IDS else ""
        noun = "entity" if len(self.entity_ids) == 1 else "entities"
        super().__init__(
            f"cannot undo this ({what}): {noun} {first}{more} changed since",
            "undo the later changes first",
        )


class NotAnAssetError(UsageError):
    """An entity was to be removed that is neither an asset nor a comic."""

    def __init__(self, entity_id: int) -> None:
        self.entity_id = entity_id
        super().__init__(
            f"entity {entity_id} is neither an asset nor a comic",
            "`dam-cli show --json` lists what it is",
        )


class UnknownNameError(UsageError):
    """A name that is not known in this world; plugins may add names.

    Args:
        kind: The kind of thing that was named, such as "system".
        name: The name that was given.
        known: All names of this kind.
    """

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        from difflib import get_close_matches  # noqa: PLC0415 - not for each start of the program

        name = url_without_password(name)  # it may be an address, in the wrong place
        self.kind = kind
        self.name = name
        self.known = tuple(known)
        near = get_close_matches(name[:64], known, n=1, cutoff=0.4)
        super().__init__(
            f"no {kind} named {echoed(name)}; known: {', '.join(known) or 'none'}",
            f"did you mean {near[0]!r}?"
            if near
            else "choose one of the known names"
            if known
            else None,
        )


class EntityNotFoundError(UsageError):
    """No entity in this world has these ids.

    Args:
        ids: Entity ids (integers), or the first hex digits of a SHA-256 (strings).
        shown: At most this many are listed in the message.
    """

    def __init__(self, ids: Sequence[int | str], *, shown: int = 10) -> None:
        self.ids = tuple(ids)
        texts = [f"sha256:{item}" if isinstance(item, str) else str(item) for item in ids[:shown]]
        more = f" and {len(ids) - shown} more" if len(ids) > shown else ""
        noun = "entity" if len(ids) == 1 else "entities"
        super().__init__(
            f"no {noun} {', '.join(texts)}{more}",
            "`add-asset --jsonl` and the commands that find assets print ids",
        )


_MOST_IDS = 5


class AmbiguousIdError(UsageError):
    """Several assets have a SHA-256 that begins like this; `candidates` lists some or all."""

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
    """A text is not a digest in hex, nor the beginning of one.

    Args:
        text: The text that was given.
        name: The name of the digest, such as "sha256".
        least: The fewest hex digits that are accepted.
        most: The most hex digits that are accepted.
    """

    def __init__(self, text: str, name: str, least: int, most: int) -> None:
        self.text, self.name = text, name
        super().__init__(
            f"not a valid {name}: {text!r}; expected {least} to {most} hex digits",
            "sha256sum, sha1sum and md5sum print such digests",
        )


class DigestNotComputedError(UsageError):
    """The caller asked for a digest that this world does not compute."""

    def __init__(self, name: str, computed: Sequence[str]) -> None:
        self.name = name
        self.computed = tuple(computed)
        super().__init__(
            f"this world does not compute {name}; it computes {', '.join(computed)}",
            f"add {name} to DAM_EXTRA_DIGESTS, then run `add-asset --rehash` on the files",
        )


class NoOpenerError(EnvironmentFaultError):
    """Files cannot be opened on this machine."""

    def __init__(self, reason: str, hint: str) -> None:
        self.reason = reason
        super().__init__(f"cannot open files: {reason}", f"{hint}, or use `dam-cli export-asset`")


class ProgramRefusedError(ItemError):
    """A file was to be opened that is a program, or starts one (`kind`)."""

    def __init__(self, path: Path, kind: str) -> None:
        self.path = path
        self.kind = kind
        super().__init__(
            f"{display_path(path.name)} is {kind}, and is not opened",
            "`dam-cli export-asset` writes it to a folder, if you trust it",
        )


class OpenerFailedError(ItemError):
    """The program that opens files did not take this one."""

    def __init__(self, program: str, reason: str) -> None:
        self.program = program
        self.reason = reason
        super().__init__(
            f"{program} did not open it: {reason}", "set a program for this type of file"
        )


class UnreadableQueryError(EnvironmentFaultError):
    """The file or asset to search with cannot be used, so the search cannot run.

    Args:
        query: The path of the file, or the asset, such as "entity 5".
        reason: Why it cannot be used; may name the query itself.
        hint: Replaces the usual hint.
    """

    def __init__(self, query: str, reason: str, hint: str | None = None) -> None:
        self.query = query
        self.reason = reason
        said = reason if query in reason else f"{query}: {reason}"
        super().__init__(f"cannot search: {said}", hint or "search with another file or asset")
