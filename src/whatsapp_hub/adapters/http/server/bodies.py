"""The large bodies that clients send: how many bytes of them one process holds at a time.

Nobody knows who sends a body before its head was read by the application, and a webhook's sender is known only when
its last byte has come. Hundreds of connections that each send some megabytes would fill the memory meanwhile: an
upload is held on disk while it comes and whole in memory while it is stored.
"""

SMALL_BYTES = 64 * 1024
"""A body up to here is not counted: the server holds as much of any body before it makes the client wait."""
STRANGERS_BYTES = 16 * 1024 * 1024
COMPANY_BYTES = 128 * 1024 * 1024
USERS_BYTES = 512 * 1024 * 1024


class _Room:
    """Bytes by request."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._sizes: dict[object, int] = {}
        self._total = 0

    def grow(self, request: object, size: int) -> bool:
        self._total += size - self._sizes.get(request, 0)
        self._sizes[request] = size
        return self._total <= self._most or next(iter(self._sizes)) is request

    def forget(self, request: object) -> None:
        self._total -= self._sizes.pop(request, 0)

    def __len__(self) -> int:
        return len(self._sizes)


class LargeBodies:
    """Bytes of requests that are not answered yet: those of strangers together, those of each company, and those of all
    companies."""

    def __init__(
        self, strangers: int = STRANGERS_BYTES, company: int = COMPANY_BYTES, companies: int = USERS_BYTES
    ) -> None:
        self._strangers, self._users = _Room(strangers), _Room(companies)
        self._most_of_one = company
        self._companies: dict[object, _Room] = {}
        self._owners: dict[object, object] = {}

    def grow(self, request: object, size: int, owner: object = None) -> bool:
        """Count a body that has `size` bytes by now, of the company `owner` (None: not known yet); False where it has
        no room. The oldest always has."""
        if owner is None:
            return self._strangers.grow(request, size)
        self._strangers.forget(request)
        self._owners[request] = owner
        of_one = self._companies.setdefault(owner, _Room(self._most_of_one))
        return all([of_one.grow(request, size), self._users.grow(request, size)])

    def forget(self, request: object) -> None:
        """Free what a request held, if anything."""
        self._strangers.forget(request)
        if (owner := self._owners.pop(request, None)) is None:
            return
        self._users.forget(request)
        self._companies[owner].forget(request)
        if not self._companies[owner]:
            del self._companies[owner]

    def __len__(self) -> int:
        return len(self._strangers) + len(self._users)
