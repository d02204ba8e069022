"""Works, their variants, and what these are made of."""
