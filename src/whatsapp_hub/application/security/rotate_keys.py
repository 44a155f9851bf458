"""RotateKeys: put HUB_SECRET_KEY in force and seal all secrets again with it, while the hub runs."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from whatsapp_hub.application.ports.edge.security import KeyRing
from whatsapp_hub.application.ports.storage.sealed import KeysInForce, SealedText, SealedTexts
from whatsapp_hub.application.security.choose_key import ChooseKey
from whatsapp_hub.domain.errors import Conflict

BATCH = 200
FOLLOW_WITHIN_S = 60.0
"""Processes check the key in force every ten seconds."""
_LOOK_AGAIN_S = 0.5


@dataclass(slots=True)
class SealedCounts:
    """Sealed texts of one kind, by key. `unread`: no key of this process opens them."""

    under: dict[str, int] = field(default_factory=dict)
    unread: int = 0

    def count(self, key_id: str | None) -> None:
        """Count one sealed value under the key that sealed it (None: no known key opens it)."""
        if key_id is None:
            self.unread += 1
        else:
            self.under[key_id] = self.under.get(key_id, 0) + 1


@dataclass(frozen=True, slots=True)
class CountSealed:
    """Count sealed texts by key, opening all in small batches."""

    texts: SealedTexts
    ring: KeyRing

    async def __call__(self) -> dict[str, SealedCounts]:
        """Return the counts by kind. Raises Unavailable."""
        found = {kind: SealedCounts() for kind in self.texts.kinds}
        for kind, counts in found.items():
            async for text in _all(self.texts, kind):
                counts.count(self.ring.opens(text.sealed, text.context))
        return found


@dataclass(frozen=True, slots=True)
class RotateKeys:
    """Rotate the key. May be interrupted and run again at any time: each text is replaced by itself, and only if it is
    unchanged since it was read. The last pass begins when every process has switched and earlier transactions have
    ended (`ends_within_s`), so that nothing is left under another key."""

    keys: KeysInForce
    texts: SealedTexts
    ring: KeyRing
    ends_within_s: float = 5.0

    async def __call__(self) -> dict[str, tuple[int, int]]:
        """Return how many texts of each kind were sealed again, and how many no key opens. Raises Conflict (a running
        process does not have the key), KeyMissing, Unavailable."""
        newest = self.ring.ids[0]
        await ChooseKey(self.keys, self.texts, self.ring)()
        if without := await self.keys.without(newest):
            raise Conflict(
                "key_not_everywhere",
                f"{', '.join(without)} run without it: restart them with HUB_SECRET_KEY and HUB_SECRET_KEY_OLD first",
            )
        if self.ring.in_force != newest:
            await self.keys.note(newest, self.ring.in_force)
            await ChooseKey(self.keys, self.texts, self.ring)()
        if self.ring.in_force != newest:
            raise Conflict("rotated_elsewhere", "another rotation has just put another key in force")
        done = await self._pass()
        await self._all_follow(newest)
        await asyncio.sleep(self.ends_within_s)
        again = await self._pass()
        return {kind: (done[kind][0] + again[kind][0], again[kind][1]) for kind in self.texts.kinds}

    async def _pass(self) -> dict[str, tuple[int, int]]:
        return {kind: await self._kind(kind) for kind in self.texts.kinds}

    async def _kind(self, kind: str) -> tuple[int, int]:
        resealed = unread = 0
        async for text in _all(self.texts, kind):
            key_id = self.ring.opens(text.sealed, text.context)
            if key_id is None:
                unread += 1
            elif not self.ring.is_current(text.sealed):
                resealed += await self._reseal(kind, text)
        return resealed, unread

    async def _reseal(self, kind: str, text: SealedText) -> bool:
        sealed = self.ring.seal(self.ring.open(text.sealed, text.context), text.context)
        return await self.texts.replace(kind, text, sealed)

    async def _all_follow(self, newest: str) -> None:
        """Wait until no process seals with another key. Raises Conflict."""
        until = time.monotonic() + FOLLOW_WITHIN_S
        while behind := await self.keys.not_using(newest):
            if time.monotonic() > until:
                raise Conflict("key_not_followed", f"{', '.join(behind)} still seal with the old key: run this again")
            await asyncio.sleep(_LOOK_AGAIN_S)


async def _all(texts: SealedTexts, kind: str) -> AsyncIterator[SealedText]:
    after = ""
    while found := await texts.page(kind, after, BATCH):
        for text in found:
            yield text
        after = found[-1].place
