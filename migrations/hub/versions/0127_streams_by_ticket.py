"""A ticket stays with the stream that it opened, so that a browser's EventSource can open that stream again.

`holder` is the opening that counts (null: not opened yet), `stream` a digest of the address that it opened."""

from alembic import op

revision = "0127_streams_by_ticket"
down_revision = "0128_webhook_headers"

_STATEMENTS = (
    "ALTER TABLE hub.tickets ADD COLUMN holder uuid, ADD COLUMN stream bytea",
    "CREATE INDEX tickets_age ON hub.tickets (expires_at)",
    "GRANT UPDATE (holder, stream, expires_at) ON hub.tickets TO hub_system",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
