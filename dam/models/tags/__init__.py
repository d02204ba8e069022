"""Tags, their names and parents, and what they are given to."""
