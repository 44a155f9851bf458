-- No conversation waits unseen: which time-out is that of the bot's question, since when supervisors know of a wait, and
-- what the menu heard last, so that a burst of files is answered once.
ALTER TABLE conversations
  ADD COLUMN asks boolean NOT NULL DEFAULT false,
  ADD COLUMN told_at timestamptz,
  ADD COLUMN heard_at timestamptz,
  ADD COLUMN media_at timestamptz;

-- The login that migrates may be bound by row-level security, and would see no rows.
ALTER TABLE conversations NO FORCE ROW LEVEL SECURITY;
UPDATE conversations SET asks = true
WHERE status = 'OPEN' AND timeout_at IS NOT NULL AND department_id IS NULL AND bot_part = 'none' AND NOT silenced
  AND flow_state IN ('GREETING', 'AWAITING_ROUTING_CONFIRMATION');
ALTER TABLE conversations FORCE ROW LEVEL SECURITY;

DROP TRIGGER audited ON conversations;
SELECT hub.audits('conversations', 'conversation', 'last_message_at', 'unread_count', 'timeout_at', 'told_timeout',
                  'bot_texts', 'routed_at', 'menu_tries', 'confirm_tries', 'waiting_since', 'first_customer_at',
                  'first_response_at', 'first_response_due_at', 'first_response_warn_at', 'resolution_due_at',
                  'resolution_warn_at', 'target_look_at', 'breaches', 'pauses', 'rating_asked_at', 'asks', 'told_at',
                  'heard_at', 'media_at');
