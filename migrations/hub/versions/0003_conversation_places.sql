-- Where a conversation stood at a position of the log: whom an event of it is for is found here, however late.
CREATE INDEX events_of_conversation ON hub.events (conversation_id, position) WHERE type LIKE 'conversation.%';
