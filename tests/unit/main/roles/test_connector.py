"""When a connector has grown old, and what the doctor says of connectors."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from types import SimpleNamespace
from typing import cast
from uuid import uuid4

import pytest

from whatsapp_hub.application.connecting.reconcile_sessions import ReconcileSessions
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.main.commands.doctor_connectors import descriptors, held
from whatsapp_hub.main.roles import connector
from whatsapp_hub.main.roles.connector import Fitness
from whatsapp_hub.main.settings import Settings

FIT = {"held": 80, "dials": 200, "connections": 80, "threads": 120, "descriptors": 400, "limit": 1024}


def test_a_connector_that_leaks_nothing_is_fit() -> None:
    assert Fitness().unfit(**FIT) is None
    assert Fitness().unfit(held=0, dials=0, connections=0, threads=30, descriptors=20, limit=1024) is None


async def test_a_connector_that_cannot_close_a_session_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector, "CLOSING_EVERY_S", 0.01)
    stuck: list[SessionId] = []
    hold = cast("ReconcileSessions", SimpleNamespace(unclosable=lambda: stuck))
    looking = asyncio.create_task(connector._let_close(hold))
    await asyncio.sleep(0.05)
    assert not looking.done()
    stuck.append(SessionId(uuid4()))
    with pytest.raises(connector.Unfit, match="1 sessions cannot be closed"):
        await asyncio.wait_for(looking, 5)


def test_an_idle_connector_loads_neither_the_library_nor_what_other_processes_need() -> None:
    """Seven of them weigh something before the first number is linked."""
    heavy = ("neonize", "litestar", "taskiq", "aiohttp", "socketio", "sqlalchemy", "alembic")
    program = f"import sys, whatsapp_hub.main.roles.connector; print([m for m in {heavy} if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ({"dials": 1_081}, "1081 dials"),
        ({"connections": 341}, "341 connections to the store for 80 sessions"),
        ({"threads": 521}, "521 threads for 80 sessions"),
        ({"descriptors": 820}, "820 of 1024 descriptors"),
    ],
)
def test_one_that_leaks_is_replaced_and_says_why(what: dict[str, int], says: str) -> None:
    assert Fitness().unfit(**(FIT | what)) == says


def test_the_doctor_counts_who_is_held() -> None:
    assert held(2, 160, 100, 0).good is True
    assert held(0, 0, 0, 0).good is True
    nobody = held(0, 0, 3, 3)
    assert nobody.good is False
    assert "whatsapp-hub connector" in nobody.text
    assert held(1, 80, 100, 20).good is None


def test_the_doctor_knows_how_many_descriptors_sessions_need() -> None:
    assert descriptors(Settings(max_instances=1)).good is True
    short = descriptors(Settings(max_instances=100_000_000))
    assert short.good is None
    assert "ulimit -n" in short.text
