"""Secrets at rest: which key seals, its rotation, what no key opens."""
