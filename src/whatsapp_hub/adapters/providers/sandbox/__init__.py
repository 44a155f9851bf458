"""The sandbox: a simulated WhatsApp for trials, demonstrations and tests."""
