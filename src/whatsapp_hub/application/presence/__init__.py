"""Agents' presence."""
