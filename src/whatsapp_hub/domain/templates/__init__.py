"""WhatsApp's message templates: the catalogue's entries, their places, and what a customer sees of them. Pure."""
