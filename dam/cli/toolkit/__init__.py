"""Shared by all commands; import its modules."""
