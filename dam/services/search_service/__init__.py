"""Finds assets by queries."""

__all__: list[str] = []
