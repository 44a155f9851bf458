"""Send messages to customers: new messages, lanes, outcomes."""
