"""WhatsApp Web devices: a schema and a role of their own. whatsmeow makes its tables there itself.

Only connectors take the role; hub_app and hub_system have no right to the schema at all.
"""

from alembic import op

revision = "0109"
down_revision = "0108"

_STATEMENTS = (
    """
    DO $$ BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hub_whatsmeow') THEN
        CREATE ROLE hub_whatsmeow NOLOGIN;
      END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this server was faster
    END $$
    """,
    "GRANT hub_whatsmeow TO CURRENT_USER",
    "CREATE SCHEMA whatsmeow AUTHORIZATION hub_whatsmeow",
    """
    CREATE TABLE whatsmeow.devices (
      session_id uuid PRIMARY KEY,
      jid text NOT NULL UNIQUE,
      paired_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    "ALTER TABLE whatsmeow.devices OWNER TO hub_whatsmeow",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
