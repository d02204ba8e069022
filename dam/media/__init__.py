"""Pure functions on the bytes of files: no database, no clock, no environment."""
