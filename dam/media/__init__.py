"""Pure functions on the bytes of files; they use no database, no clock and no environment."""
