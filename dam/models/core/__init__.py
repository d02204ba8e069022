"""Locations of assets, and the identity of the world."""
