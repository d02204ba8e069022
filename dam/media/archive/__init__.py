"""Reading of archives: ZIP, RAR, 7z and tar."""
