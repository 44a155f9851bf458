"""Check of `whatsapp-hub doctor` for stored secrets: whether the configured keys open them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import msgspec

from whatsapp_hub.adapters.postgres.security.sealed import PostgresSealed
from whatsapp_hub.application.ports.edge.security import KeyRing
from whatsapp_hub.application.security.choose_key import KeyMissing
from whatsapp_hub.application.security.rotate_keys import CountSealed
from whatsapp_hub.main.commands import doctor_sessions
from whatsapp_hub.main.commands.doctor_connectors import Says
from whatsapp_hub.main.settings import Settings
from whatsapp_hub.main.wiring.secret_keys import MAKE_ONE, STRONG_LENGTH, as_system, ring_of, short_secrets, unread

ANEW = "give them anew, or the key that they were stored with (HUB_SECRET_KEY_OLD)"


async def in_database(connection: asyncpg.Connection, settings: Settings) -> AsyncIterator[Says]:
    """Yield the findings; none without a key, or for a database of another version. Changes nothing."""
    if settings.hub_secret_key is None or await connection.fetchval("SELECT to_regclass('hub.secret_key')") is None:
        return
    if short := short_secrets(settings):
        yield Says(None, f"{' and '.join(short)}: shorter than {STRONG_LENGTH} characters; {MAKE_ONE}, and rotate")
    ring = ring_of(msgspec.structs.replace(settings, hub_secret_key_old=settings.with_kept_old()))
    yield await _opened(ring, PostgresSealed(as_system(connection)))
    if said := await doctor_sessions.in_database(connection, ring):
        yield said


async def _opened(ring: KeyRing, texts: PostgresSealed) -> Says:
    if (noted := await texts.noted()) and noted not in ring.ids:
        return Says(False, f"HUB_SECRET_KEY: {KeyMissing()}")
    found = await CountSealed(texts, ring)()
    if what := unread(found):
        return Says(False, f"no key that is given opens {what}: {ANEW}")
    counts = [(id, number) for kind in found.values() for id, number in kind.under.items()]
    if left := sum(number for id, number in counts if id != ring.ids[0]):
        return Says(None, f"{left} of the stored secrets have the old key: `whatsapp-hub secrets rotate`")
    return Says(True, f"HUB_SECRET_KEY opens all {sum(number for _, number in counts)} that are stored")
