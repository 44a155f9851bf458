"""Find lanes that wait for a message of another one; try a FORGET that failed again after a while; take the webhooks of
a provider that a session is just moving to."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261128_waits"
down_revision = "20261128_enlisting"


def upgrade() -> None:
    run("""
    CREATE INDEX lanes_awaiting ON hub.lanes (awaits) WHERE awaits IS NOT NULL;
    ALTER TABLE hub.commands ADD COLUMN not_before timestamptz;
    ALTER TABLE hub.session_providers DROP CONSTRAINT session_providers_role_check,
      ADD CONSTRAINT session_providers_role_check CHECK (role IN ('left', 'arriving', 'planned'));
    """)
