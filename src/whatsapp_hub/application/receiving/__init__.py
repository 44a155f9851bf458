"""Apply what providers report: webhooks in, messages, receipts, session states."""
