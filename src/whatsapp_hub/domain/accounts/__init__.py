"""Tenants, users, departments, and how people and programs authenticate."""
