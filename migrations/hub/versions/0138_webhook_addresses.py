"""Webhooks' addresses sealed where something in them is hidden, and how often each moved."""

from alembic import op

revision = "0138_webhook_addresses"
down_revision = "0131_login_guesses"

_NOW = "ARRAY['settings', 'password_hash', 'digest', 'secret', 'secrets', 'headers']"
_THEN = "ARRAY['settings', 'password_hash', 'digest', 'secret', 'secrets', 'headers', 'sealed_url']"
_STATEMENTS = (
    "ALTER TABLE hub.webhooks ADD COLUMN sealed_url bytea, ADD COLUMN moves integer NOT NULL DEFAULT 0",
    f"""
    DO $$ DECLARE source text := pg_get_functiondef('hub.audit_row()'::regprocedure); BEGIN
      EXECUTE replace(source, $q${_NOW}$q$, $q${_THEN}$q$);
    END $$
    """,
    "DROP TRIGGER audited ON hub.webhooks",
    """
    SELECT hub.audits('hub.webhooks', 'webhook', 'cursor', 'due_at', 'lease_until', 'fence', 'failures', 'failed_at',
                      'open_until', 'moves')
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
