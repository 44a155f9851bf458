"""Dump and restore by PostgreSQL's own programs."""
