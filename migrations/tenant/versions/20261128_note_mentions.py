"""Whom a note mentions, and when its author changed it."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261128_note_mentions"
down_revision = "20261127_notes_by_author"


def upgrade() -> None:
    run("ALTER TABLE notes ADD COLUMN mentions uuid[] NOT NULL DEFAULT '{}', ADD COLUMN edited_at timestamptz")
