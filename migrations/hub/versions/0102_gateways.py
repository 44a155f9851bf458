"""Sessions of gateways: found by their agent, owned by a client's own users; what happened on a session, by kind."""

from alembic import op

revision = "0102"
down_revision = "0101_service"

_STATEMENTS = (
    "ALTER TABLE hub.sessions ADD COLUMN owner text",
    "CREATE UNIQUE INDEX one_instance_a_name ON hub.sessions (tenant_id, owner, name) WHERE owner IS NOT NULL",
    "CREATE INDEX sessions_of_agent ON hub.sessions (tenant_id, agent_id)",
    "CREATE INDEX sessions_of_tenant ON hub.sessions (tenant_id, id)",
    """
    CREATE INDEX events_of_session ON hub.events (session_id, type, position)
    WHERE type LIKE 'session.%' OR type = 'message.received'
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
