"""The large bodies that strangers send: how many bytes of them one process holds at a time.

Nobody knows who sends a body before its head was read by the application, and a webhook's sender is known only when
its last byte has come. Hundreds of connections that each send some megabytes would fill the memory meanwhile.
"""

SMALL_BYTES = 64 * 1024
"""A body up to here is not counted: the server holds as much of any body before it makes the client wait."""
STRANGERS_BYTES = 16 * 1024 * 1024


class LargeBodies:
    """Bytes by request, of those that are neither answered nor authenticated."""

    def __init__(self, most: int = STRANGERS_BYTES) -> None:
        self._most = most
        self._sizes: dict[object, int] = {}
        self._total = 0

    def grow(self, request: object, size: int) -> bool:
        """Count a body that has `size` bytes by now; False where it has no room. The oldest always has."""
        self._total += size - self._sizes.get(request, 0)
        self._sizes[request] = size
        return self._total <= self._most or next(iter(self._sizes)) is request

    def forget(self, request: object) -> None:
        """Free what a request held, if anything."""
        self._total -= self._sizes.pop(request, 0)

    def __len__(self) -> int:
        return len(self._sizes)
