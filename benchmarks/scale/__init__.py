"""Lists and search on many rows, as hub_app: `make bench-scale` (SCALE=0.01 for a hundredth)."""
