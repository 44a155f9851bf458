"""What operators and the schedule do, across tenants."""
