"""Pair numbers in a separate process."""
