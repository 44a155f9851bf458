"""Ports of the use cases: protocols whose docstrings state the contract."""
