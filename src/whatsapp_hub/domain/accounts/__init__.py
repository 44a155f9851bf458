"""Who uses the hub and what they set up: tenants, departments, users, access."""
