-- Customer service: notes, notifications, and the time-out that supervisors were told of.

ALTER TABLE conversations ADD COLUMN told_timeout timestamptz;

CREATE TABLE notes (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  conversation_id uuid NOT NULL REFERENCES conversations,
  user_id uuid,
  content text NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX notes_of_conversation ON notes (conversation_id, id);

-- One row for each who is told; a notification for all supervisors has the same id in each of its rows.
CREATE TABLE notifications (
  id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  kind text NOT NULL,
  conversation_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  read_at timestamptz,
  PRIMARY KEY (user_id, id)
);
CREATE INDEX notifications_age ON notifications USING brin (created_at);

DO $$ DECLARE name text; BEGIN
  FOREACH name IN ARRAY ARRAY['notes', 'notifications'] LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO hub_app', name);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY own ON %I TO hub_app USING (tenant_id = hub.tenant())', name);
  END LOOP;
END $$;
