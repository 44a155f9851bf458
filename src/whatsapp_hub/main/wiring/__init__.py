"""The dependency container, by topic."""
