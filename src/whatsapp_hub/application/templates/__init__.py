"""Use cases on the catalogue of message templates."""
