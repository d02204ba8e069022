"""Readers of pictures that Pillow has no decoder for; each is loaded when the first one comes."""
