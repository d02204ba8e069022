"""Scheduling: runs systems on marked entities, with leases, failures and reports."""
