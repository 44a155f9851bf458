"""Back up and restore a whole hub as one file."""
