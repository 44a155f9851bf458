"""WAHA: WhatsApp Web behind an HTTP API, one server for many sessions."""
