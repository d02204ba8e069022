"""Locations of assets, the identity of the world, and the tables of plugins."""
