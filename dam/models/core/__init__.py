"""Where assets are, and which world this is."""
