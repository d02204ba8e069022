"""What runs in workers and threads beside the event loop; no database."""
