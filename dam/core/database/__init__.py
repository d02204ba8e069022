"""Databases: connections, transactions, their errors, and bulk inserts."""
