"""The holder of a session is asked to show a customer that somebody types."""

from alembic import op

revision = "0123_typing_signs"
down_revision = "0127_removed_tenants"

_ORDERS = "ALTER TABLE hub.commands DROP CONSTRAINT commands_kind_check, ADD CHECK (kind IN ({}))"


def upgrade() -> None:
    op.execute(_ORDERS.format("'pairing_code', 'log_out', 'forget', 'mark_read', 'typing'"))
