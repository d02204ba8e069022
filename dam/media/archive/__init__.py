"""Archives: ZIP, RAR, 7z and tar."""
