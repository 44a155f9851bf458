-- A session's bot ({webhook_id, url, department_id, answer_within_minutes}), and the webhook that it hears through.

ALTER TABLE hub.sessions ADD COLUMN bot jsonb;
ALTER TABLE hub.webhooks
  ADD COLUMN of_bot boolean NOT NULL DEFAULT false,
  ADD CHECK (NOT of_bot OR session_id IS NOT NULL AND NOT of_session);
CREATE UNIQUE INDEX one_bot_of_a_session ON hub.webhooks (session_id) WHERE of_bot;
