"""Find what a person noted lately: how often they asked for conversations."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261127_notes_by_author"
down_revision = "20261127_threads"


def upgrade() -> None:
    run("CREATE INDEX notes_by_author ON notes (user_id, created_at)")
