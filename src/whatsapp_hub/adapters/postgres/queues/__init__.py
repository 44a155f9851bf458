"""Durable queues: inbox, lanes, log, deliveries, and what is counted beside them."""
