"""What agents do with conversations."""
