-- Files that are sent.

CREATE TABLE media (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  mime_type text NOT NULL,
  file_name text NOT NULL,
  content bytea NOT NULL,
  created_at timestamptz NOT NULL
);
ALTER TABLE media ALTER COLUMN content SET STORAGE EXTERNAL; -- pictures and films are compressed already
CREATE INDEX messages_with_files ON messages (media_url) WHERE media_url LIKE '/api/media/%';
GRANT SELECT, INSERT, UPDATE, DELETE ON media TO hub_app;
ALTER TABLE media ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON media TO hub_app USING (tenant_id = hub.tenant());
