"""Tenants, users, departments, login."""
