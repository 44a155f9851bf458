"""Read queries: lists and single entities of one tenant."""

from whatsapp_hub.adapters.postgres.queries.reading import PostgresQueries

__all__ = ["PostgresQueries"]
