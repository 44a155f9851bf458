"""Campaigns and their recipients in PostgreSQL."""
