"""Which files providers have already: by session, the provider's id and since when (`{"id", "at"}`)."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261127_uploads"
down_revision = "20261127_templates"


def upgrade() -> None:
    run("ALTER TABLE media ADD COLUMN uploads jsonb")
