"""Sources: the user's files that are imported, found and read with care."""
