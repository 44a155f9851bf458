"""What a connector's process leaves behind, and what happens on a machine that lacks a library."""

from __future__ import annotations

import asyncio
import ctypes.util
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from tests.fakes.go_calls import BlackHole
from tests.integration.hub.world import until
from tests.integration.whatsapp_web.conftest import Number
from whatsapp_hub.adapters.providers.neonize.native import library as library_module
from whatsapp_hub.adapters.providers.neonize.native import store
from whatsapp_hub.adapters.providers.neonize.native.library import GoLibrary, Missing, load, missing
from whatsapp_hub.adapters.providers.neonize.pairing import host
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.sessions.session import SessionStatus
from whatsapp_hub.main.commands.doctor import examine

ROOT = Path(__file__).parents[3]


async def test_a_hundred_dials_leave_no_thread_no_descriptor_and_no_connection(
    database_url: str, library: GoLibrary
) -> None:
    """Ten sessions, half of them to be paired, ten times each; the first two rounds warm Go up."""
    program = [sys.executable, "-m", "tests.integration.whatsapp_web.dials", database_url, "10", "10"]
    ended = await asyncio.create_subprocess_exec(
        *program, "http://127.0.0.1:1", cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    _, said = await asyncio.wait_for(ended.communicate(), 120)
    assert ended.returncode == 0, said.decode()[-2000:]
    rounds = json.loads(said.decode().rpartition("[")[2].join(["[", ""]))
    warm, last = rounds[1], rounds[-1]
    assert last["descriptors"] <= warm["descriptors"] + 2, rounds
    assert last["threads"] <= warm["threads"] + 4, rounds
    assert last["connections"] <= warm["connections"] + 1, rounds


async def test_pairing_happens_in_a_process_that_goes_when_nobody_pairs(number: Number, hole: BlackHole) -> None:
    await number.provider.open(number.session)
    [room] = [number.provider._holder._pairing_hosts._pairing_host]
    assert room is not None
    pid = room._child.pid
    assert Path(f"/proc/{pid}").exists()
    await number.provider.close(number.session.id)
    assert not Path(f"/proc/{pid}").exists()
    assert number.pulse is None


async def test_a_pairing_process_that_dies_is_told_as_a_state(number: Number) -> None:
    await number.provider.open(number.session)
    room = number.provider._holder._pairing_hosts._pairing_host
    assert room is not None
    os.kill(room._child.pid, 9)
    await number.state(SessionStatus.DISCONNECTED, "ended: the pairing process has ended")
    await number.until(lambda: number.pulse is None)


async def test_closing_a_line_that_dials_waits_for_go_and_leaves_nothing(number: Number, hole: BlackHole) -> None:
    await number.pair_beforehand()
    await number.open()
    await number.until(lambda: hole.connections)
    closing = asyncio.create_task(number.provider.close(number.session.id))
    await asyncio.sleep(0.3)
    assert not closing.done()  # Go holds its lock while it dials
    assert number.pulse is None
    hole.release()
    await asyncio.wait_for(closing, 10)
    left = await number.owner.fetch("SELECT FROM pg_stat_activity WHERE application_name LIKE 'whatsapp-hub session%'")
    assert left == []


async def test_a_quiet_number_holds_no_connection_and_gets_one_when_it_needs_it(
    number: Number, library: GoLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "IDLE", "1s")
    await number.pair_beforehand()
    uuid = await number.open()
    name = f"whatsapp-hub session {number.session.id}"
    count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1"

    async def holds() -> bool:
        return bool(await number.owner.fetchval(count, name) == 1)

    async def is_quiet() -> bool:
        return not await holds()

    await until(holds, 10)
    await until(is_quiet, 10)
    await asyncio.to_thread(library.touch_store, uuid)
    assert await holds()


async def test_a_room_takes_as_many_numbers_as_there_are_and_is_left_for_what_it_leaves_behind(
    number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "LEFT_BEHIND", 2)
    provider, found = number.provider, number.provider._holder._pairing_hosts
    refs = [replace(number.session, id=SessionId(uuid4())) for _ in range(5)]
    for ref in refs[:4]:
        await provider.open(ref)
    first = found._pairing_host
    assert first is not None
    assert len(first.lines) == 4
    for ref in refs[:2]:
        await provider.close(ref.id)
    await provider.open(refs[4])
    assert found._pairing_host is not first
    assert not first.is_closed
    for ref in refs[2:4]:
        await provider.close(ref.id)
    assert first.is_closed
    await provider.close(refs[4].id)
    assert found._pairing_host is None


def test_starts_are_apart_and_calls_wait_meanwhile() -> None:
    import threading
    import time

    gate = library_module.Gate(window_s=0.1)
    with gate.starting():
        begun = time.monotonic()
        passed: list[float] = []
        thread = threading.Thread(target=lambda: (gate.pass_through(), passed.append(time.monotonic())))  # type: ignore[func-returns-value]
        thread.start()
    thread.join()
    assert passed[0] - begun >= 0.1


# -- machines that lack something


def test_a_missing_system_library_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    assert missing() == "the system library libmagic is missing: apt-get install libmagic1"
    with pytest.raises(Missing, match="apt-get install libmagic1"):
        load()


def test_a_missing_package_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    how = "make setup (in a clone of the hub), or pip install 'whatsapp-hub[server,neonize]'"
    assert missing() == f"neonize is not installed: {how}"


async def test_the_doctor_names_what_is_missing_and_finds_no_other_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    found = {finding.subject: finding for finding in await examine({})}
    assert found["libmagic"].good is None
    assert "apt-get install libmagic1" in found["libmagic"].says
    assert found["python"].good


def test_a_library_that_cannot_be_loaded_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        raise OSError("libc.musl: cannot open shared object file")

    monkeypatch.setattr("importlib.import_module", broken)
    monkeypatch.setattr(library_module, "missing", lambda: None)
    with pytest.raises(Missing, match="neonize cannot be loaded: libc"):
        load()
