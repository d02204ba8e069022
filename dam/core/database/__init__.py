"""Databases: connections, their faults, and statements in bulk."""
