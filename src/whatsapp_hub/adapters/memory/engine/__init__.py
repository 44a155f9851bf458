"""Rows with row locks and transactions, and identifiers."""
