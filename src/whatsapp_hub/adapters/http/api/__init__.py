"""The hub's resources (contracts E and F): decode, one use case, encode."""
