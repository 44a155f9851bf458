"""Start a hub on one machine and keep it running."""
