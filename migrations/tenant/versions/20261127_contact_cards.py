"""Keep what a company itself says of a contact: name, labels, fields, and whether it is blocked; null: nothing."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261127_contact_cards"
down_revision = "20261127_inbox_orders"


def upgrade() -> None:
    run("""
    ALTER TABLE contacts ADD COLUMN own jsonb;
    CREATE INDEX contacts_with_card ON contacts (tenant_id, id) WHERE own IS NOT NULL;
    CREATE TRIGGER audited AFTER UPDATE OF own ON contacts FOR EACH ROW
      WHEN (coalesce(current_setting('app.caller', true), '') <> '')
      EXECUTE FUNCTION hub.audit_row('contact', 'name', 'profile_pic', 'is_group', 'created_at');
    """)
