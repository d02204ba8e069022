"""Properties of assets that are read from their content: type, size, dimensions, frames."""
