"""What the rules of `builder.mark_new` are asked about."""

from dataclasses import dataclass

from dam.core.builder import NewEntity


@dataclass(frozen=True, kw_only=True)
class NewAsset(NewEntity):
    """What an import knows of an asset that it is about to create; `name` is its file's."""

    digest: bytes
    size_bytes: int
    name: str
