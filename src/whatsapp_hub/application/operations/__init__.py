"""Operate the hub itself."""
