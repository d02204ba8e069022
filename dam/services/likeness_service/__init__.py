"""Finds pictures that look alike."""

from typing import TYPE_CHECKING

from dam.services.likeness_service.index import LikenessIndex, PackedHashes

if TYPE_CHECKING:
    from dam.services.likeness_service.searching import (
        Algorithm,
        LikenessOptions,
        SimilarImage,
        find_similar_to_entity,
        find_similar_to_file,
    )
else:  # at first use: every command imports this module for the index, and few search

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from dam.services.likeness_service import searching  # noqa: PLC0415 - see above

        return getattr(searching, name)


__all__ = [
    "Algorithm",
    "LikenessIndex",
    "LikenessOptions",
    "PackedHashes",
    "SimilarImage",
    "find_similar_to_entity",
    "find_similar_to_file",
]
