-- What figures read: messages of a period, and first answers of a period.

CREATE INDEX messages_age ON messages USING brin (created_at);
CREATE INDEX conversations_answered ON conversations (tenant_id, first_response_at DESC)
  WHERE first_response_at IS NOT NULL;
