"""What providers tell us, made true: webhooks in, messages, receipts, session states."""
