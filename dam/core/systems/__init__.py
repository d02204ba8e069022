"""Systems: their declaration, parameters and order, and the writes that they ask for."""
