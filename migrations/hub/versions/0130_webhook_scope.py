"""API keys that could move sessions' webhooks keep that: it has become a scope of its own."""

from alembic import op

revision = "0130_webhook_scope"
down_revision = "0129_owed_polls"


def upgrade() -> None:
    op.execute(
        """
        UPDATE hub.api_keys SET scopes = array_append(scopes, 'manage-webhooks')
        WHERE 'manage-sessions' = ANY(scopes) AND NOT 'manage-webhooks' = ANY(scopes)
        """
    )
