"""What was said through one session, newest first; who had a conversation."""

from alembic import op

revision = "0124_session_messages"
down_revision = "0126_identities"


def upgrade() -> None:
    op.execute("CREATE INDEX messages_of_session ON messages (session_id, seq DESC)")
    op.execute("CREATE INDEX assignments_of_conversation ON assignments (conversation_id, id)")
