"""What other systems subscribe to, and how a delivery to them goes."""
