"""What is known of the world's phone numbers."""
