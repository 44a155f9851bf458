"""A company that is being removed: from `removed_at` on it is nobody's, and what it had goes a little at a time."""

from alembic import op

revision = "0127_removed_tenants"
down_revision = "0123_pairings"

_STATEMENTS = (
    "ALTER TABLE hub.tenants ADD COLUMN removed_at timestamptz",
    "GRANT INSERT ON hub.audit TO hub_system",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
