"""Tests, drawn pictures and benchmarks; runs from the project folder."""
