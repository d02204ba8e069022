"""The bytes of assets, wherever they are."""
