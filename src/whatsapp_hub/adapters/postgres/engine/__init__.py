"""Connections, transactions, migrations and the embedded server."""
