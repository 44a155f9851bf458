"""Create, start, stop, change and pair WhatsApp numbers."""
