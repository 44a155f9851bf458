"""Held connections, and the processes that hold them."""
