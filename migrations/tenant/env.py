"""Alembic runs this once a tenant schema; `adapters/postgres/engine/migrate.py` hands it connection and schema."""

from alembic import context
from sqlalchemy import text

schema = context.config.attributes["schema"]
connection = context.config.attributes["connection"]
connection.execute(text("SELECT set_config('search_path', :schema, true)"), {"schema": schema})
context.configure(connection=connection, version_table_schema=schema)
with context.begin_transaction():
    context.run_migrations()
