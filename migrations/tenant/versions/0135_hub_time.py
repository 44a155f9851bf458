"""Identities are dated by the hub's time, which no step of the server's clock moves."""

from alembic import op

revision = "0135_hub_time"
down_revision = "0141_deferrable_keys"


def upgrade() -> None:
    op.execute("ALTER TABLE contact_identities ALTER added_at SET DEFAULT hub.now()")
