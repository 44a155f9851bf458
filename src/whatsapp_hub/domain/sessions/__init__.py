"""Sessions: one WhatsApp number each, their pairing and their connection."""
