"""WhatsApp Web by the library neonize (whatsmeow in Go), its sockets held by connector processes."""
