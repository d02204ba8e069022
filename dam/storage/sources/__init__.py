"""Users' files, found and read with care."""
