"""`whatsapp-hub demo`: customers write, are routed and answered, and every message is counted."""
