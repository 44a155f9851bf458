"""What stands at the edge: security, rates, time, lookups across tenants, operations."""
