-- Since when a customer waits for a person, and how long the first answer of a round took.

ALTER TABLE conversations
  ADD COLUMN waiting_since timestamptz,
  ADD COLUMN first_customer_at timestamptz,
  ADD COLUMN first_response_at timestamptz;

-- Of what is under way, who waits is told by what is unread.
UPDATE conversations SET waiting_since = coalesce(last_message_at, updated_at)
WHERE status IN ('OPEN', 'ASSIGNED') AND unread_count > 0;

DROP TRIGGER audited ON conversations;
SELECT hub.audits('conversations', 'conversation', 'last_message_at', 'unread_count', 'timeout_at', 'told_timeout',
                  'bot_texts', 'routed_at', 'menu_tries', 'confirm_tries', 'waiting_since', 'first_customer_at',
                  'first_response_at');
