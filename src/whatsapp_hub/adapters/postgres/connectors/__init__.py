"""What connector processes share: leases, connections, commands."""
