-- What routing goes by: a department's hours, bound and preferences; a conversation's labels and priority.

ALTER TABLE departments
  ADD COLUMN max_conversations integer CHECK (max_conversations >= 0),
  ADD COLUMN last_agent_first boolean NOT NULL DEFAULT true,
  ADD COLUMN prefers_skills boolean NOT NULL DEFAULT true,
  ADD COLUMN hours jsonb;
ALTER TABLE conversations
  ADD COLUMN priority smallint NOT NULL DEFAULT 0 CHECK (priority BETWEEN -1 AND 2),
  ADD COLUMN labels text[] NOT NULL DEFAULT '{}';
DROP INDEX conversations_queued;
CREATE INDEX conversations_queued ON conversations (department_id, priority DESC, routed_at) WHERE status = 'OPEN';
