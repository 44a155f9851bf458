"""A block and its end are told one after the other: what is asked anew waits for the call under way."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261128_wishes_about_blocks"
down_revision = "20261128_waits"


def upgrade() -> None:
    run("""
    ALTER TABLE hub.provider_blocks
      ADD COLUMN leased_until timestamptz,
      ADD COLUMN claims integer NOT NULL DEFAULT 0;
    """)
