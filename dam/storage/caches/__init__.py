"""What can be made again: thumbnails and packed hashes."""
