"""Tasks: functions that run in workers and threads beside the event loop; no database."""
