"""What the product can do: plain async functions over a session or a world."""
