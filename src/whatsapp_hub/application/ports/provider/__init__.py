"""A WhatsApp provider: the events that it reports, and the operations that it offers."""
