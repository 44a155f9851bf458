"""A message names the file that the hub stores by its id; `media_url` is for files elsewhere.

No foreign key: a message outlives its file, which retention deletes first.
"""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261126_media_id"
down_revision = "20261126_initial"


def upgrade() -> None:
    run("""
    ALTER TABLE messages ADD COLUMN media_id uuid, NO FORCE ROW LEVEL SECURITY;
    UPDATE messages SET
      media_id = substr(media_url, 12)::uuid, media_url = NULL,
      data = nullif(data::jsonb - 'blob', '{}')::json
    WHERE media_url LIKE '/api/media/%'
      AND media_url ~ '^/api/media/[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$';
    DROP INDEX messages_with_files;
    CREATE INDEX messages_with_files ON messages (media_id) WHERE media_id IS NOT NULL;
    ALTER TABLE messages ADD CONSTRAINT messages_one_file CHECK (media_id IS NULL OR media_url IS NULL),
      FORCE ROW LEVEL SECURITY;
    """)
