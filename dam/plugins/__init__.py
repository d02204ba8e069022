"""The parts that every world has: resources, systems, listeners."""
