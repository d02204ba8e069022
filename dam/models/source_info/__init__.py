"""Sources: the users' files from which assets were imported, and their later fate."""
