"""Pair numbers in a process of its own."""
