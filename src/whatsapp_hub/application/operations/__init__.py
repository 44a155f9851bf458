"""What keeps the hub itself running."""
