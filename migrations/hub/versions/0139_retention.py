"""How long a company keeps what its customers left, by kind."""

from alembic import op

revision = "0139_retention"
down_revision = "0139_personal_data"


def upgrade() -> None:
    op.execute("ALTER TABLE hub.tenants ADD COLUMN retention jsonb NOT NULL DEFAULT '{}'")
    op.execute("GRANT UPDATE (retention) ON hub.tenants TO hub_app")
