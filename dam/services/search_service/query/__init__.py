"""The query language: text becomes a tree; nothing here knows the database."""
