"""WhatsApp numbers: made, started, stopped, changed."""
