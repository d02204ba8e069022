"""Content stores (bytes by their SHA-256) and the safe reading of users' files; no database."""
