"""The menu bot's language: its texts, and the meaning of a customer's answer."""
