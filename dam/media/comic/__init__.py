"""What comics say about themselves."""
