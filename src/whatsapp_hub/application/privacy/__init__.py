"""Personal data of customers: retention, export and erasure."""
