"""Where assets came from."""
