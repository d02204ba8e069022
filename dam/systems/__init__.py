"""Systems: async functions that work markers off."""
