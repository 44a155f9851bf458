"""Repositories of accounts: tenants, users, keys, rules."""
