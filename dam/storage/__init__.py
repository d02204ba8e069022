"""Content-addressed bytes and the safe reading of users' files; no database."""
