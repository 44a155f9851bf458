"""A linked device's keys in whatsmeow's own tables: random ones, which WhatsApp would refuse, but Go takes."""

from __future__ import annotations

import os
from typing import Any
from uuid import UUID

_COLUMNS = {
    "noise_key": 32,
    "identity_key": 32,
    "signed_pre_key": 32,
    "signed_pre_key_sig": 64,
    "adv_key": 32,
    "adv_details": 32,
    "adv_account_sig": 64,
    "adv_account_sig_key": 32,
    "adv_device_sig": 64,
}


async def add_device(owner: Any, jid: str, session_id: UUID | None = None) -> None:
    """`jid` with its device's number; linked to a session if one is given. whatsmeow has made its tables."""
    names = ", ".join(_COLUMNS)
    places = ", ".join(f"${number}" for number in range(2, len(_COLUMNS) + 2))
    await owner.execute(
        f"INSERT INTO whatsmeow.whatsmeow_device (jid, registration_id, signed_pre_key_id, {names})"
        f" VALUES ($1, 1, 1, {places}) ON CONFLICT DO NOTHING",
        jid,
        *(os.urandom(size) for size in _COLUMNS.values()),
    )
    if session_id:
        await owner.execute("INSERT INTO whatsmeow.devices (session_id, jid) VALUES ($1, $2)", session_id, jid)
