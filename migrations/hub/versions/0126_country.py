"""A company's country: where its phone numbers without a country code are read."""

from alembic import op

revision = "0126_country"
down_revision = "0118_numbered_at_once"


def upgrade() -> None:
    op.execute("ALTER TABLE hub.tenants ADD COLUMN country text CHECK (country ~ '^[A-Z]{2}$')")
    op.execute("GRANT UPDATE (country) ON hub.tenants TO hub_app")
