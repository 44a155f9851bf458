"""Security, rate limits, time, lookups across tenants, operations."""
