"""Entities, value objects, events and rules. Standard library only."""
