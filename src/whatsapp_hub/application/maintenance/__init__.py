"""What must be done now and then."""
