"""Phone numbers: how people write them, and which forms are one number."""
