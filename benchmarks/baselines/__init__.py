"""Baselines of the hub's ingest: the same stack doing less, or doing it the usual way."""
