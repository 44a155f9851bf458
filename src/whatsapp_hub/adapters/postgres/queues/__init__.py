"""Durable queues: inbox, lanes, log, deliveries, and their counters."""
