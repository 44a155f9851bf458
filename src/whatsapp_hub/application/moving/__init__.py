"""Sessions that move to another provider, now or when WhatsApp restricts their number."""
