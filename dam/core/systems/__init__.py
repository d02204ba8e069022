"""What systems are, ask for and give."""
