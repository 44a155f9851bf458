"""Identifiers that sort by the time at which they were made."""

import os
import threading
import time
from uuid import UUID

_VERSION, _VARIANT = 0x7 << 76, 0x2 << 62
_lock = threading.Lock()
_last = 0


def new_id() -> UUID:
    """Make a version 7 UUID (RFC 9562); of two made in this process, the later one is greater."""
    global _last
    now = time.time_ns() // 1_000_000 << 12 | int.from_bytes(os.urandom(2)) & 0xFFF
    with _lock:
        _last = max(now, _last + 1)
        milliseconds, count = _last >> 12, _last & 0xFFF
    return UUID(int=milliseconds << 80 | _VERSION | count << 64 | _VARIANT | int.from_bytes(os.urandom(8)) >> 2)
