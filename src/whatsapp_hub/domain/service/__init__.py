"""Service to customers: opening hours, service levels, deadlines."""
