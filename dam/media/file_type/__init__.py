"""Recognition of file types by content."""
