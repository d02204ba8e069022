"""Entities and components, and the statements that write their rows."""
