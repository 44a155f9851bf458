"""ChooseKey: seal with the key that is in force for the whole hub.

A process that has several keys opens with each of them, but seals with the one that the database names, so that
processes that know the newest key and those that do not yet can run side by side. `RotateKeys` changes it.
"""

from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.security import KeyRing
from whatsapp_hub.application.ports.storage.sealed import KeysInForce, SealedTexts
from whatsapp_hub.domain.errors import HubError, Unavailable

_SAMPLE = 50


class KeyMissing(HubError):
    """Stored secrets were sealed with a key that this process does not have."""

    def __init__(self) -> None:
        super().__init__(
            "it is not the key that this database's secrets are sealed with. Set that one, or give it beside the new "
            "one (HUB_SECRET_KEY_OLD); if it is lost: `whatsapp-hub secrets adopt`, then give each session its "
            "credentials anew"
        )


class KeyTooShort(HubError):
    """The first key of a new hub is too short to be safe."""


@dataclass(frozen=True, slots=True)
class ChooseKey:
    """Choose the key in force. Idempotent; processes that start together agree on one key. `is_long`: the first key is
    long enough for a hub with nothing sealed yet; a short one in use stays."""

    keys: KeysInForce
    texts: SealedTexts
    ring: KeyRing
    is_long: bool = True

    async def __call__(self) -> None:
        """Choose it. Raises KeyMissing, KeyTooShort, Unavailable."""
        noted = await self.keys.noted()
        if not noted:
            chosen = self.ring.ids[0] if noted == "" else await self._opening_key()
            await self._note(chosen, noted)
            noted = await self.keys.noted() or chosen
        if noted not in self.ring.ids:
            raise KeyMissing
        self.ring.use(noted)

    async def _note(self, key_id: str, instead_of: str | None) -> None:
        """Store the key in force, unless the database takes no writes."""
        try:
            await self.keys.note(key_id, instead_of)
        except Unavailable:
            return

    async def _opening_key(self) -> str:
        """Return the first key that opens a stored secret. Raises KeyMissing, KeyTooShort."""
        samples = [text for kind in self.texts.kinds for text in await self.texts.page(kind, "", _SAMPLE)]
        found = {self.ring.opens(text.sealed, text.context) for text in samples}
        if samples and found == {None}:
            raise KeyMissing
        if not samples and not self.is_long:
            raise KeyTooShort
        return next((id for id in self.ring.ids if id in found), self.ring.ids[0])
