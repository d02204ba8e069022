"""Works, their variants, and the pages, terms and elements of these."""
