"""Let a company require that its users sign in by the OpenID provider."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261126_oidc_required"
down_revision = "20261126_initial"


def upgrade() -> None:
    run("""
    ALTER TABLE hub.tenants ADD COLUMN oidc_required boolean NOT NULL DEFAULT false;
    GRANT UPDATE (oidc_required) ON hub.tenants TO hub_app;
    CREATE TRIGGER oidc_required AFTER UPDATE ON hub.tenants FOR EACH ROW
      WHEN (OLD.oidc_required IS DISTINCT FROM NEW.oidc_required) EXECUTE FUNCTION hub.access_changed();
    """)
