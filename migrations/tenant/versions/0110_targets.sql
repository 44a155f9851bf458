-- By when a round should be answered and resolved, which of that was missed, and how the customer found it.

ALTER TABLE departments ADD COLUMN level jsonb NOT NULL DEFAULT '{}';
ALTER TABLE conversations
  ADD COLUMN first_response_due_at timestamptz,
  ADD COLUMN first_response_warn_at timestamptz,
  ADD COLUMN resolution_due_at timestamptz,
  ADD COLUMN resolution_warn_at timestamptz,
  ADD COLUMN target_look_at timestamptz,
  ADD COLUMN breaches text[],
  ADD COLUMN pauses timestamptz[],
  ADD COLUMN rating_asked_at timestamptz,
  ADD COLUMN rating smallint CHECK (rating BETWEEN 1 AND 5),
  ADD COLUMN rated_at timestamptz,
  ADD COLUMN rated_user_id uuid;

-- What the sweep looks for, what the list filters, what figures count: few among many, each.
CREATE INDEX conversations_with_target ON conversations (tenant_id, target_look_at) WHERE target_look_at IS NOT NULL;
CREATE INDEX conversations_breached ON conversations (tenant_id, status, updated_at DESC, id DESC)
  WHERE breaches IS NOT NULL;
CREATE INDEX conversations_rated ON conversations (tenant_id, rated_at) WHERE rated_at IS NOT NULL;

DROP TRIGGER audited ON conversations;
SELECT hub.audits('conversations', 'conversation', 'last_message_at', 'unread_count', 'timeout_at', 'told_timeout',
                  'bot_texts', 'routed_at', 'menu_tries', 'confirm_tries', 'waiting_since', 'first_customer_at',
                  'first_response_at', 'first_response_due_at', 'first_response_warn_at', 'resolution_due_at',
                  'resolution_warn_at', 'target_look_at', 'breaches', 'pauses', 'rating_asked_at');
