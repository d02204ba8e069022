"""Built-in systems: async functions that process marked entities."""
