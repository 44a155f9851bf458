"""Files in a row, and words beside them, are one burst: the bot answers it once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

BURST = timedelta(seconds=15)
"""At most so far apart are two messages of a burst."""


@dataclass(frozen=True, slots=True)
class BurstEntry:
    """When the bot last took note of a message of the customer's, and of one with a file, by the provider's clock: so a
    burst is one however late, and in however many batches, it comes."""

    at: datetime | None = None
    media_at: datetime | None = None

    def and_(self, at: datetime, *, has_file: bool) -> "BurstEntry":
        media_at = max(self.media_at or at, at) if has_file else self.media_at
        return BurstEntry(max(self.at or at, at), media_at)

    def goes_on(self, at: datetime, *, has_file: bool) -> bool:
        """Whether a message of that time belongs to what was heard: a file soon after anything, words soon after a
        file. Words after words do not: each of them is an answer."""
        last = self.at if has_file else self.media_at
        return last is not None and abs(at - last) <= BURST


NOTHING_HEARD = BurstEntry()
