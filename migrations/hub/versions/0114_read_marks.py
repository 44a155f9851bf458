"""The holder of a session is asked to show a customer that their messages were read."""

from alembic import op

revision = "0114"
down_revision = "0112_processes"

_ORDERS = "ALTER TABLE hub.commands DROP CONSTRAINT commands_kind_check, ADD CHECK (kind IN ({}))"


def upgrade() -> None:
    op.execute(_ORDERS.format("'pairing_code', 'log_out', 'forget', 'mark_read'"))
