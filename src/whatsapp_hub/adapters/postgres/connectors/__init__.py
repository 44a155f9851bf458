"""Shared state of connector processes: leases, connections, commands."""
