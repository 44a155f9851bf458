"""The bot's words: what it says, and what a customer's answer to it means."""
