"""What a hub writes into its log while customers come, fail and are answered: no number, no name, no word of theirs."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest
import structlog

from tests.fakes import graph as meta
from tests.integration.http.conftest import Company
from tests.integration.hub.world import Number, World, a_phone, a_wamid, now_s, waha_number
from whatsapp_hub.main.logging import configure_logging
from whatsapp_hub.main.pseudonyms import Pseudonyms

KEY = "fedcba9876543210fedcba9876543210"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """All that is logged at DEBUG, as a process shows it."""
    root, hook, stderr = logging.getLogger(), sys.excepthook, sys.stderr
    handlers, level = root.handlers[:], root.level
    sys.stderr = shown = io.StringIO()
    configure_logging("DEBUG", "test", "json", KEY)
    yield shown
    logging.captureWarnings(False)
    logging.basicConfig(level=level, handlers=handlers, force=True)
    sys.excepthook, sys.stderr = hook, stderr
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


async def test_a_days_work_names_no_customer(
    world: World, company: Company, number: Number, lines: io.StringIO
) -> None:
    phone, name, word = a_phone(), f"Name{uuid4().hex}", f"Wort{uuid4().hex}"
    contacts = [{"wa_id": phone, "profile": {"name": name}}]
    assert (
        await number.post(number.body(meta.text_from(phone, a_wamid(), word, now_s()), contacts=contacts))
    ).status_code == 200
    await number.post(number.body({"from": phone, "id": a_wamid(), "type": 5, "text": word}))  # set aside
    waha = await waha_number(world, company)
    await waha.writes(f"{phone}@c.us", word)
    await waha.post(b'{"event":"message","payload":"%b"}' % phone.encode())
    await world.settled(company)
    await number.answers(company.admin, phone, word)
    sandbox = await company.session()
    await company.customer_writes(sandbox, phone, word, name)
    await company.phone(sandbox, phone)
    await company.admin.get(f"/api/conversations/{phone}")
    await company.admin.get(f"/instances/{phone}/status")
    await company.admin.get("/api/contacts", search=phone)
    await world.settled(company)
    shown = lines.getvalue()
    assert shown.count('"event": "request"') > 5
    for mark in (phone, phone[:4] + phone[5:], name, word):
        assert [line for line in shown.splitlines() if mark in line] == []
    assert Pseudonyms(KEY).of(phone) in shown
