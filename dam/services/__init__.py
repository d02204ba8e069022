"""Everything the product can do, as plain async functions over a session or a world."""
