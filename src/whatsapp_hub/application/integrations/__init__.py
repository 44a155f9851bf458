"""Notify other systems: webhook subscriptions and deliveries."""
