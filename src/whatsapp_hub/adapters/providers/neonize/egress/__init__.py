"""Reach WhatsApp through a local proxy, which can end a connection whatever the Go library waits for."""
