"""Two customers' phones may give the same id to a message: it is unique for each contact.

The index is built before, while the hub runs (`schema/ahead.py`); here it is made where the table is new.
"""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261127_known_by_contact"
down_revision = "20261126_reason_parts"


def upgrade() -> None:
    run("""
    CREATE UNIQUE INDEX IF NOT EXISTS message_of_contact ON messages (session_id, whatsapp_message_id, contact_id)
      WHERE whatsapp_message_id IS NOT NULL;
    DROP INDEX message_of_provider;
    """)
