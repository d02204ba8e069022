"""The types of files, told by their bytes."""
