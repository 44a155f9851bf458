"""The memory holds to the contract of file stores."""

import pytest

from tests.contracts.file_store import *  # noqa: F403 (all that a file store must hold to)
from whatsapp_hub.adapters.memory.files import MemoryFileStore


@pytest.fixture
def files() -> MemoryFileStore:
    return MemoryFileStore()
