"""Child programs of the hub: start them, stop them, and never let them outlive it."""
