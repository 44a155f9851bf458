"""The sandbox: a WhatsApp without WhatsApp, for trying, demonstrating and testing."""
