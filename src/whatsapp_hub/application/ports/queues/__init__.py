"""Durable queues and the hints that wake their readers."""
