"""A WhatsApp provider: what it tells, and what it can be asked to do."""
