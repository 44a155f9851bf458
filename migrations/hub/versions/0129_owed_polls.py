"""Since when a session is to be asked for what it should have posted, until such a poll came to its end."""

from alembic import op

revision = "0129_owed_polls"
down_revision = "0126_meet_after_locks"


def upgrade() -> None:
    op.execute("ALTER TABLE hub.polls ADD COLUMN owed_since timestamptz")
