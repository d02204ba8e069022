"""Contents: reads, checks and copies the bytes of assets, wherever they are."""
