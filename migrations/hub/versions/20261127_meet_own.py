"""Let the function that finds contacts return what their companies keep of them."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261127_meet_own"
down_revision = "20261127_fetches"


def upgrade() -> None:
    run("DROP FUNCTION IF EXISTS hub.meet(text[], text[])")
