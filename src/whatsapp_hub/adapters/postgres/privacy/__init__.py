"""Customers' personal data in the database: export, erasure and retention."""
