"""Tests of dam.core."""
