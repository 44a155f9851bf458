"""Privacy of customers' data."""
