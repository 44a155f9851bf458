"""Rules about customers' data."""
