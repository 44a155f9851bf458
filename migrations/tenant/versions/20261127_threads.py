"""Note which other program has a customer's conversation, on numbers that several answer."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261127_threads"
down_revision = "20261127_uploads"


def upgrade() -> None:
    run("ALTER TABLE conversations ADD COLUMN thread_holder text")
