"""Bytes of files: object stores, and what a file says of itself."""
