"""What we tell customers: messages, lanes, receipts' other half."""
