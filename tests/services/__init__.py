"""Tests of `dam.services`."""
