"""Which work is done next, by whom, and what became of it."""
