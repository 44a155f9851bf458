"""Webhook subscriptions of other systems, and deliveries to them."""
