"""What assets are."""
