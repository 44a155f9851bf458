"""Static headers of a subscription, sealed; when its receiver's last failure was counted."""

from alembic import op

revision = "0128_webhook_headers"
down_revision = "0126_country"


def upgrade() -> None:
    op.execute("ALTER TABLE hub.webhooks ADD COLUMN headers bytea, ADD COLUMN failed_at timestamptz")
