"""Worker processes and threads, which run functions beside the event loop."""
