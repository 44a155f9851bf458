"""Reads that use cases need; lists of the API have none."""
