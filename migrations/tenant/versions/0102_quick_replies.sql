-- Quick replies, and the record of changes to what stands here.

CREATE TABLE quick_replies (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  shortcut text COLLATE "C" NOT NULL,
  content text NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (tenant_id, shortcut)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON quick_replies TO hub_app;
ALTER TABLE quick_replies ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON quick_replies TO hub_app USING (tenant_id = hub.tenant());

SELECT hub.audits('quick_replies', 'quick_reply');
SELECT hub.audits('departments', 'department');
SELECT hub.audits('notes', 'note');
SELECT hub.audits('conversations', 'conversation', 'last_message_at', 'unread_count', 'timeout_at', 'told_timeout',
                  'bot_texts', 'routed_at', 'menu_tries', 'confirm_tries');
