"""Which key seals, and its change while processes run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from whatsapp_hub.adapters.security.secret_box import AesSecretBox
from whatsapp_hub.application.ports.edge.security import KeyRing
from whatsapp_hub.application.ports.storage.sealed import SealedText
from whatsapp_hub.application.security import rotate_keys
from whatsapp_hub.application.security.choose_key import ChooseKey, KeyMissing, KeyTooShort
from whatsapp_hub.application.security.rotate_keys import CountSealed, RotateKeys
from whatsapp_hub.domain.errors import Conflict

OLD, NEW, LOST = "the key from before", "the key from now on", "a key that is lost"
KIND = "settings of sessions"


@dataclass
class Stored:
    """Sealed texts and the note of the key in force, in memory. `running` are other processes' rings."""

    texts: dict[str, SealedText] = field(default_factory=dict)
    key: str | None = None
    running: dict[str, KeyRing] = field(default_factory=dict)

    @property
    def kinds(self) -> Sequence[str]:
        return (KIND,)

    def keep(self, ring: KeyRing, *places: str) -> None:
        for place in places:
            self.texts[place] = SealedText(place, f"session:{place}", ring.seal(place.encode(), f"session:{place}"))

    async def page(self, kind: str, after: str, limit: int) -> list[SealedText]:
        return [self.texts[place] for place in sorted(self.texts) if place > after][:limit]

    async def replace(self, kind: str, text: SealedText, sealed: bytes) -> bool:
        if self.texts[text.place] != text:
            return False
        self.texts[text.place] = SealedText(text.place, text.context, sealed)
        return True

    async def noted(self) -> str | None:
        return self.key

    async def note(self, key_id: str, instead_of: str | None) -> bool:
        if self.key != instead_of:
            return False
        self.key = key_id
        return True

    async def without(self, key_id: str) -> list[str]:
        return [name for name, ring in self.running.items() if key_id not in ring.ids]

    async def not_using(self, key_id: str) -> list[str]:
        """Each process follows a while after it was asked, and seals something meanwhile."""
        behind = [name for name, ring in self.running.items() if ring.in_force != key_id]
        for name in behind:
            self.keep(self.running[name], f"made by {name} before it followed")
            self.running[name].use(key_id)
        return behind


def choose(stored: Stored, ring: KeyRing, *, is_long: bool = True) -> ChooseKey:
    return ChooseKey(stored, stored, ring, is_long)


def rotation(stored: Stored, ring: KeyRing) -> RotateKeys:
    return RotateKeys(stored, stored, ring, ends_within_s=0)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotate_keys, "_LOOK_AGAIN_S", 0)


async def test_the_first_process_notes_its_key_and_others_seal_with_it() -> None:
    stored, first, second = Stored(), AesSecretBox(OLD), AesSecretBox(NEW, OLD)
    await choose(stored, first)()
    assert stored.key == first.in_force
    await choose(stored, second)()
    assert second.in_force == first.in_force


async def test_a_key_that_is_not_the_stored_secrets_is_refused() -> None:
    stored, before = Stored(), AesSecretBox(OLD)
    stored.keep(before, "a")
    with pytest.raises(KeyMissing, match="HUB_SECRET_KEY_OLD"):  # from before keys were noted
        await choose(stored, AesSecretBox(NEW))()
    assert stored.key is None
    await choose(stored, before)()
    with pytest.raises(KeyMissing):
        await choose(stored, AesSecretBox(NEW))()


async def test_one_secret_of_a_lost_key_stops_nobody() -> None:
    stored, ring = Stored(), AesSecretBox(NEW)
    stored.keep(AesSecretBox(LOST), "a")
    stored.keep(ring, "b")
    await choose(stored, ring)()
    [standing] = (await CountSealed(stored, ring)()).values()
    assert (standing.unread, standing.under) == (1, {ring.in_force: 1})


async def test_a_restored_hub_without_its_key_takes_the_next() -> None:
    stored, ring = Stored(key=""), AesSecretBox(NEW)
    stored.keep(AesSecretBox(LOST), "a")
    await choose(stored, ring)()
    assert stored.key == ring.in_force


async def test_a_hub_begins_with_a_long_key_and_a_short_one_in_use_stays() -> None:
    stored, short = Stored(), AesSecretBox("short")
    with pytest.raises(KeyTooShort):
        await choose(stored, short, is_long=False)()
    assert stored.key is None
    stored.keep(short, "a")
    await choose(stored, short, is_long=False)()
    assert stored.key == short.in_force


async def test_everything_has_the_new_key_what_was_sealed_meanwhile_too() -> None:
    before, process, tool = AesSecretBox(OLD), AesSecretBox(NEW, OLD), AesSecretBox(NEW, OLD)
    stored = Stored(key=before.in_force, running={"worker": process})
    process.use(before.in_force)
    stored.keep(before, *(f"{number:04}" for number in range(rotate_keys.BATCH * 2 + 1)))
    assert await rotation(stored, tool)() == {KIND: (rotate_keys.BATCH * 2 + 2, 0)}
    alone = AesSecretBox(NEW)
    assert stored.key == process.in_force == alone.in_force
    for text in stored.texts.values():
        assert alone.open(text.sealed, text.context) == text.place.encode()
    assert await rotation(stored, tool)() == {KIND: (0, 0)}


async def test_a_rotation_that_broke_off_goes_on() -> None:
    before, tool = AesSecretBox(OLD), AesSecretBox(NEW, OLD)
    stored = Stored(key=before.in_force)
    stored.keep(before, "a", "b", "c")

    async def broken(kind: str, text: SealedText, sealed: bytes) -> bool:
        if text.place == "b":
            raise ConnectionError
        return await Stored.replace(stored, kind, text, sealed)

    stored.replace = broken  # type: ignore[method-assign]  # the connection is lost in the middle
    with pytest.raises(ConnectionError):
        await rotation(stored, tool)()
    del stored.replace
    assert await rotation(stored, AesSecretBox(NEW, OLD))() == {KIND: (2, 0)}


async def test_nothing_is_changed_while_a_process_runs_that_could_not_read_it() -> None:
    before = AesSecretBox(OLD)
    stored = Stored(key=before.in_force, running={"api host:7": before})
    stored.keep(before, "a")
    texts = dict(stored.texts)
    with pytest.raises(Conflict, match="api host:7 run without it: restart"):
        await rotation(stored, AesSecretBox(NEW, OLD))()
    assert (stored.key, stored.texts) == (before.in_force, texts)


async def test_what_no_key_opens_is_counted_and_left() -> None:
    before, lost = AesSecretBox(OLD), AesSecretBox(LOST)
    stored = Stored(key=before.in_force)
    stored.keep(before, "a")
    stored.keep(lost, "b")
    assert await rotation(stored, AesSecretBox(NEW, OLD))() == {KIND: (1, 1)}
    assert lost.open(stored.texts["b"].sealed, "session:b") == b"b"
