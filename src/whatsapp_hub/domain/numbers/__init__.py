"""Phone numbers: how people write them, and which spellings are one number."""
