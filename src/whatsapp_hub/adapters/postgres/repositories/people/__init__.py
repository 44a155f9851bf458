"""Who customers are: what the company keeps of them, contacts that are merged and split."""
