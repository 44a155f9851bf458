"""Rules of running the hub itself."""
