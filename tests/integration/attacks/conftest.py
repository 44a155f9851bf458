"""The tenants of the storage's tests."""

from tests.integration.postgres.conftest import new_world, world

__all__ = ["new_world", "world"]
