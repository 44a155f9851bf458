"""Hold back what decrypting a message writes, until the message is stored.

whatsmeow moves a chat's keys on, reports the message and acknowledges it. A process that dies in between has lost it:
WhatsApp sends it again, and it cannot be decrypted again. So the keys are written only once the message is in the
inbox, and until then nothing goes out to WhatsApp, the acknowledgement least of all. What dies before has done nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from whatsapp_hub.adapters.providers.neonize.sharing.wire import SYNC, Batch
from whatsapp_hub.application.measuring import TALLY, UNPROTECTED

NO_MESSAGE_S = 0.5
"""Keys that moved on so long ago without a message coming of it are written."""

KEYS_WRITTEN = re.compile(
    rb"INSERT INTO whatsmeow_(sessions) \(our_jid, their_id, session\) VALUES"
    rb"|INSERT INTO whatsmeow_(sender_keys) \(our_jid, chat_id, sender_id, sender_key\) VALUES"
    rb"|DELETE FROM whatsmeow_(pre_keys) WHERE jid=\$1 AND key_id=\$2"
)
_LONGEST_STATEMENT = 600
_DONE = b"1\0\0\0\x042\0\0\0\x04n\0\0\0\x04C\0\0\0\x0fINSERT 0 1\0Z\0\0\0\x05I"
"""What PostgreSQL answers to Parse, Bind, Describe, Execute and Sync of a statement without rows."""


class HeldKeys:
    """The keys of one dial. `write` carries statements out, in order, and calls back; `holds` learns whether
    something is held; `is_unstored` says whether messages still wait to be stored."""

    def __init__(
        self,
        write: Callable[[list[Batch], Callable[[], None]], None],
        holds: Callable[[bool], None],
        is_unstored: Callable[[], bool],
    ) -> None:
        self._write, self._holds, self._is_unstored = write, holds, is_unstored
        self._loop = asyncio.get_running_loop()
        self._held: list[Batch] = []
        self._tables: set[bytes] = set()
        self._waiting: list[Callable[[], None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._is_writing = self._has_lapsed = False

    @property
    def is_holding(self) -> bool:
        return bool(self._held)

    def take(self, batch: Batch) -> bytes | None:
        """Hold a statement back and return its answer; None if it is none of these, or must wait its turn."""
        found = _written(batch)
        if found is None or self._is_writing:
            return None
        self._held.append(batch)
        self._tables.add(found)
        if self._timer is None:
            self._holds(True)
            self._timer = self._loop.call_later(NO_MESSAGE_S, self._expire)
        return _DONE

    def delays(self, batch: Batch, then: Callable[[], None]) -> bool:
        """Whether a statement concerns what is held; `then` is called once that is written."""
        said = batch.data[:_LONGEST_STATEMENT]
        if not any(b"whatsmeow_" + table in said for table in self._tables):
            return False
        self._waiting.append(then)
        return True

    def stored(self) -> None:
        """A message was stored: write the keys that it moved on. Count one whose keys were written before."""
        if self._has_lapsed and not self._held:
            TALLY.add(UNPROTECTED)
        self._has_lapsed = False
        self._release()

    def drop(self) -> None:
        """Write nothing any more: WhatsApp sends again what was not acknowledged."""
        if self._timer is not None:
            self._timer.cancel()
        self._held, self._waiting, self._timer = [], [], None

    # -- inside

    def _release(self) -> None:
        if self._held and not self._is_writing:
            self._is_writing = True
            self._write(list(self._held), self._written)

    def _expire(self) -> None:
        if self._is_unstored():
            self._timer = self._loop.call_later(NO_MESSAGE_S, self._expire)
        else:
            self._has_lapsed = True
            self._release()

    def _written(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._held, self._timer, self._is_writing = [], None, False
        self._tables.clear()
        self._holds(False)
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then()


def _written(batch: Batch) -> bytes | None:
    """Return the table of keys that a statement writes when a message was decrypted."""
    if batch.ends_with != SYNC or batch.only_prepares:
        return None
    found = KEYS_WRITTEN.search(batch.data, 0, _LONGEST_STATEMENT)
    return next(group for group in found.groups() if group) if found else None
