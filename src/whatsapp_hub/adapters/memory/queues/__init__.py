"""Queues: inbox, lanes, log, deliveries, commands, leases."""
