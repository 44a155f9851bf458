"""What a connector's process leaves behind, and what happens on a machine that lacks a library."""

from __future__ import annotations

import asyncio
import ctypes.util
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from tests.fakes.go_calls import BlackHole
from tests.integration.hub.world import until
from tests.integration.whatsapp_web.conftest import Number
from whatsapp_hub.adapters.providers.neonize.native import library as library_module
from whatsapp_hub.adapters.providers.neonize.native.library import GoLibrary, Missing, load, missing
from whatsapp_hub.adapters.providers.neonize.pairing import host
from whatsapp_hub.adapters.providers.neonize.sharing import pool
from whatsapp_hub.adapters.providers.neonize.sharing.keys import KEYS_WRITTEN
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


async def pairing_host(number: Number) -> host.PairingHost:
    """Open the session; the process in which it pairs."""
    hosts = number.provider._holder._pairing_hosts
    await number.provider.open(number.session)
    await number.until(lambda: hosts._pairing_host and hosts._pairing_host.lines)
    assert hosts._pairing_host is not None
    return hosts._pairing_host


async def test_pairing_happens_in_a_process_that_goes_some_time_after_nobody_pairs(
    number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "LINGER_S", 1.0)
    room = await pairing_host(number)
    pid = room._child.pid
    await number.provider.close(number.session.id)
    assert number.pulse is None
    number.session = replace(number.session, fence=number.session.fence + 1)
    assert await pairing_host(number) is room, "the next one saves the start"
    await asyncio.sleep(1.2)
    assert Path(f"/proc/{pid}").exists()
    await number.provider.close(number.session.id)
    await number.until(lambda: not Path(f"/proc/{pid}").exists())


async def test_a_pairing_process_that_dies_is_told_as_a_state(number: Number) -> None:
    room = await pairing_host(number)
    os.kill(room._child.pid, 9)
    await number.state(SessionStatus.DISCONNECTED, "ended: the pairing process has ended")
    await number.until(lambda: number.pulse is None)


async def test_closing_a_line_that_dials_waits_for_nobody_and_leaves_nothing(number: Number, hole: BlackHole) -> None:
    await number.pair_beforehand()
    await number.open()
    await number.until(lambda: hole.connections)
    await asyncio.wait_for(number.provider.close(number.session.id), 5)
    assert number.pulse is None
    assert hole.swallows
    assert not number.provider._holder._devices()._door._accesses


async def test_a_quiet_number_holds_no_connection_and_gets_one_when_it_needs_it(
    number: Number, library: GoLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "IDLE_S", 1.0)
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
    monkeypatch.setattr(host, "LINGER_S", 0.0)
    provider, found = number.provider, number.provider._holder._pairing_hosts
    refs = [replace(number.session, id=SessionId(uuid4())) for _ in range(5)]
    for ref in refs[:4]:
        await provider.open(ref)
    await number.until(lambda: found._pairing_host and len(found._pairing_host.lines) == 4)
    first = found._pairing_host
    assert first is not None
    for ref in refs[:2]:
        await provider.close(ref.id)
    await provider.open(refs[4])
    await number.until(lambda: found._pairing_host is not first)
    assert not first.is_closed
    for ref in refs[2:4]:
        await provider.close(ref.id)
    assert first.is_closed
    await provider.close(refs[4].id)
    await number.until(lambda: found._pairing_host is None)


def test_starts_are_apart_and_calls_wait_meanwhile() -> None:
    gate, inside, passed = library_module.Gate(), threading.Event(), threading.Event()

    def call() -> None:
        gate.pass_through()
        passed.set()

    with gate.alone():
        threading.Thread(target=call).start()
        other = threading.Thread(target=lambda: _enter(gate, inside))
        other.start()
        assert not passed.wait(0.1)
        assert not inside.is_set()
    other.join(5)
    assert inside.is_set()
    assert passed.wait(5)


def _enter(gate: library_module.Gate, inside: threading.Event) -> None:
    with gate.alone():
        inside.set()


def test_many_stops_in_a_row_wait_once_and_still_let_calls_pass() -> None:
    gate = library_module.Gate()
    slow = threading.Event()

    def stop() -> None:
        with gate.alone():
            time.sleep(0.001)

    threads = [threading.Thread(target=stop) for _ in range(200)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    threading.Thread(target=lambda: (gate.pass_through(), slow.set())).start()  # type: ignore[func-returns-value]
    for thread in threads:
        thread.join()
    assert time.monotonic() - began < 200 * library_module._SETTLE_S / 2
    assert slow.wait(1)


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


def test_the_library_words_what_decrypting_writes_as_we_read_it() -> None:
    """Otherwise a message would be acknowledged before it is stored, without anybody noticing."""
    import importlib.util

    spec = importlib.util.find_spec("neonize")
    if spec is None or spec.origin is None:
        pytest.skip("neonize is not installed")
    [library] = Path(spec.origin).parent.glob("*.so")
    for said in (b"Ignoring message %s from %s: %v", b"received message with old counter"):
        assert said in library.read_bytes(), "messages that are lost are found by this line of its log"
    found = {table for match in KEYS_WRITTEN.finditer(library.read_bytes()) for table in match.groups() if table}
    assert found == {b"sessions", b"sender_keys", b"pre_keys"}
