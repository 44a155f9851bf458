"""Translate between WhatsApp Web's messages and the hub's. Pure."""
