"""Files stand in a store outside the database, by their content; `files` is the record of what is there.

`look_at`: when to look whether a row still names the file; `doomed_at`: since when it is being deleted. Bytes in
`media.content` stay there until a job has moved them.
"""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261127_stored_files"
down_revision = "20261127_annotations"


def upgrade() -> None:
    run("""
    ALTER TABLE media ALTER content DROP NOT NULL, ADD COLUMN sha256 text, ADD COLUMN size bigint,
      ADD COLUMN thumbnail text, ADD COLUMN thumbnail_size integer,
      ADD CONSTRAINT media_somewhere CHECK (content IS NULL OR sha256 IS NULL);
    CREATE INDEX media_stored ON media (tenant_id, sha256) WHERE sha256 IS NOT NULL;
    CREATE INDEX media_thumbnails ON media (tenant_id, thumbnail) WHERE thumbnail IS NOT NULL;
    CREATE INDEX media_in_database ON media (tenant_id, id) WHERE content IS NOT NULL;
    CREATE TABLE files (
      tenant_id uuid NOT NULL,
      sha256 text NOT NULL,
      size bigint NOT NULL,
      look_at timestamptz,
      doomed_at timestamptz,
      PRIMARY KEY (tenant_id, sha256)
    );
    CREATE INDEX files_to_look_at ON files (tenant_id, look_at) WHERE look_at IS NOT NULL;
    GRANT SELECT, INSERT, UPDATE, DELETE ON files TO hub_app;
    ALTER TABLE files ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON files TO hub_app USING (tenant_id = hub.tenant());
    """)
