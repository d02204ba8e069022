"""Entities, components, and their rows."""
