"""Entities and events in the form of the gateway contracts A to D."""
