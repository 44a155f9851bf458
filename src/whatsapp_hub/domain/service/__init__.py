"""What customers may expect: opening hours, service levels, deadlines."""
