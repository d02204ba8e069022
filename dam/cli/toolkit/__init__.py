"""What commands share; import its modules."""
