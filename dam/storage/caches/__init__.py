"""Caches, which can be made again at any time: thumbnails and packed hashes."""
