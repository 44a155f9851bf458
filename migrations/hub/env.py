"""Alembic runs this for the shared schema; `whatsapp_hub.adapters.postgres.engine.migrate` hands it the connection."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], version_table_schema="hub")
with context.begin_transaction():
    context.run_migrations()
