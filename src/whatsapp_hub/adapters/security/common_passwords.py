"""The passwords that most people have: the 30,000 of zxcvbn's list, which were counted in leaks.

Only the list: the library's estimate takes seconds for a text that is made to hold it up.
"""

import asyncio
from collections.abc import Collection
from functools import cache


class ListedPasswords:
    """Implements `CommonPasswords`. The list is read, on a thread, when it is first needed."""

    async def all(self) -> Collection[str]:
        """Return the list, read once a process, on a thread."""
        return await asyncio.to_thread(_listed)


@cache
def _listed() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # takes 0.2 s and 14 MB: only where a password is set

    return frozenset(FREQUENCY_LISTS["passwords"])
