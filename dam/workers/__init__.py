"""Processes and threads that run functions beside the event loop."""
