"""Connections that a process holds open, and the processes that hold them."""
