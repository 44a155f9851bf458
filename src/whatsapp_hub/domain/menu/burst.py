"""A burst: consecutive files, with texts beside them, which the bot answers once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

BURST = timedelta(seconds=15)
"""The longest time between two messages of a burst."""


@dataclass(frozen=True, slots=True)
class BurstEntry:
    """Times of the last message that the bot took note of, and of the last one with a file. They are the provider's, so
    that a burst is one however late, and in however many batches, it arrives."""

    at: datetime | None = None
    media_at: datetime | None = None

    def and_(self, at: datetime, *, has_file: bool) -> "BurstEntry":
        """Add one message to the burst. `at` is the provider's time; messages may come out of order."""
        media_at = max(self.media_at or at, at) if has_file else self.media_at
        return BurstEntry(max(self.at or at, at), media_at)

    def goes_on(self, at: datetime, *, has_file: bool) -> bool:
        """Check whether a message of that time continues the burst: a file soon after anything, a text soon after a
        file. A text after a text does not: each is an answer."""
        last = self.at if has_file else self.media_at
        return last is not None and abs(at - last) <= BURST


NOTHING_HEARD = BurstEntry()
