"""Leave what the version before reads: the URL of a stored file beside its id.

The version after may drop the trigger, the index and, where there is a `media_id`, `media_url` and `data.blob`.
"""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261126_media_url_stays"
down_revision = "20261126_media_id"


def upgrade() -> None:
    run("""
    ALTER TABLE messages DROP CONSTRAINT messages_one_file, NO FORCE ROW LEVEL SECURITY;
    UPDATE messages SET media_url = '/api/media/' || media_id,
      data = (coalesce(data::jsonb, '{}') || jsonb_build_object('blob', media_id))::json
    WHERE media_id IS NOT NULL;
    UPDATE messages SET media_id = substr(media_url, 12)::uuid
    WHERE media_id IS NULL AND media_url LIKE '/api/media/%'
      AND media_url ~ '^/api/media/[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$';
    CREATE INDEX messages_with_urls ON messages (media_url) WHERE media_url LIKE '/api/media/%';
    CREATE TRIGGER file_by_id BEFORE INSERT ON messages FOR EACH ROW
      WHEN (NEW.media_id IS NULL AND NEW.media_url ~ '^/api/media/[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$')
      EXECUTE FUNCTION hub.file_by_id();
    ALTER TABLE messages FORCE ROW LEVEL SECURITY;
    """)
