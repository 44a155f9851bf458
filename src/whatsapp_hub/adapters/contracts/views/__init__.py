"""Entities and events in the form of contracts E and F."""
