"""Repositories: how the entities of a tenant are found and stored."""
