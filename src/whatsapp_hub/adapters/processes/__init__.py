"""Programs the hub runs beside itself: how they start, end with it and never outlive it."""
