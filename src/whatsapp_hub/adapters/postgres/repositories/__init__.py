"""Repositories of one tenant: SQL beside the mapping that reads it."""
