"""Sign-ins, and the feed of whose access changed."""
