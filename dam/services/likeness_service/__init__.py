"""Pictures that look alike."""

from dam.services.likeness_service.index import LikenessIndex, PackedHashes
from dam.services.likeness_service.searching import (
    Algorithm,
    LikenessOptions,
    SimilarImage,
    find_similar_to_entity,
    find_similar_to_file,
)

__all__ = [
    "Algorithm",
    "LikenessIndex",
    "LikenessOptions",
    "PackedHashes",
    "SimilarImage",
    "find_similar_to_entity",
    "find_similar_to_file",
]
