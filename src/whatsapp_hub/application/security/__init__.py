"""Secrets at rest: the key in force, its rotation, secrets that no key opens."""
