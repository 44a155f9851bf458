"""What operators and the schedule do, across tenants or beside their work."""
