"""Passwords, tokens, secrets at rest, identifiers and the clock."""
