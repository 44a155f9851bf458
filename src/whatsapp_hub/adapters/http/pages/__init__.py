"""Pages that the hub serves itself."""
