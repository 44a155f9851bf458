"""`whatsapp-hub demo`: customers write, are routed and answered, and everything is counted."""
