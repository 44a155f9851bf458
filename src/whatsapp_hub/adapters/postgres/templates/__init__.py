"""The catalogue of message templates in PostgreSQL."""
