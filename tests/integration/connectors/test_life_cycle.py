"""One connector and one worker: a session's life, from the first code to its deletion."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.integration.connectors.conftest import QR, UP, Stage
from whatsapp_hub.application.sessions.holder_commands import LogOut, RequestPairingCode
from whatsapp_hub.application.sessions.manage_sessions import DeleteSession, SessionChanges, UpdateSession
from whatsapp_hub.application.sessions.run_sessions import InitSession, StopSession
from whatsapp_hub.domain.errors import Conflict, Invalid, Unavailable

SHORT = {"STAGGERED_BOOT_DELAY_MS": "20", "WHATSAPP_SESSION_TIMEOUT": "6000"}


@pytest_asyncio.fixture(scope="module", autouse=True)
async def _running(stage: Stage) -> AsyncIterator[None]:
    stage.variables = SHORT
    async with stage.role("worker"), stage.role("connector"):
        yield


async def test_from_the_code_to_the_connection(stage: Stage) -> None:
    session = await stage.session()
    login = await stage.login(session)
    login.tell(**QR)
    line = await stage.is_(session, "QR_PENDING")
    assert line["qr_code"] == "2@code"
    assert line["code_until"]
    login.tell(state="QR_PENDING", qr="2@renewed")
    login.tell(**UP)
    line = await stage.is_(session, "CONNECTED")
    assert (line["phone_number"], line["qr_code"], line["has_paired"]) == ("5511987654321", None, True)

    async def told() -> bool:
        return await stage.events(session) == [
            *("session.created", "session.started", "session.qr", "session.qr", "session.connected"),
        ]

    await stage.until(told)


async def test_offline_it_reconnects_then_fails_and_says_each_once(stage: Stage) -> None:
    session = await stage.session(server="127.0.0.1:9")
    await stage.was_down(session, "no_network")
    line = await stage.is_(session, "FAILED", "no_network")
    assert (line["attempts"], line["is_active"]) == (3, False)
    await asyncio.sleep(2)
    assert await stage.events(session) == [
        *("session.created", "session.started", "session.disconnected", "session.error"),
    ]


async def test_a_code_that_nobody_scans_is_given_up(stage: Stage) -> None:
    session = await stage.session()
    (await stage.login(session)).tell(**QR)
    await stage.is_(session, "QR_PENDING")
    line = await stage.is_(session, "DISCONNECTED", "qr_timeout")
    assert (line["is_active"], line["qr_code"]) == (False, None)

    async def closed() -> bool:
        return not stage.server.open_logins(str(session.id)) and (await stage.line(session))["connector_id"] is None

    await stage.until(closed)


async def test_messages_in_and_out(stage: Stage) -> None:
    session = await stage.connected()
    login = await stage.login(session)
    login.tell(message="oi", chat="5511911110000", key=uuid4().hex)
    login.tell(message="tudo bem?", chat="5511911110000", key=uuid4().hex)

    async def stored() -> bool:
        rows = await stage.rows("SELECT content FROM pooled.messages WHERE session_id = $1 ORDER BY seq", session.id)
        return [row["content"] for row in rows] == ["oi", "tudo bem?"]

    await stage.until(stored)
    for text in ("one", "two", "three"):
        await stage.say(session, "5511911110000", text)

    async def sent() -> bool:
        return [what["text"] for id, _, what in stage.server.sent if id == str(session.id)] == ["one", "two", "three"]

    await stage.until(sent)

    async def marked() -> bool:
        rows = await stage.rows(
            "SELECT status FROM pooled.messages WHERE session_id = $1 AND direction = 'OUTBOUND'", session.id
        )
        return {row["status"] for row in rows} == {"SENT"}

    await stage.until(marked)


async def test_what_is_sent_while_the_line_is_down_waits(stage: Stage) -> None:
    session = await stage.connected()
    login = await stage.login(session)
    login.tell(state="RECONNECTING", reason="connection_lost")
    await stage.is_(session, "RECONNECTING", "connection_lost")
    await stage.say(session, "5511911110001", "later")
    await asyncio.sleep(2.5)
    assert not [what for id, _, what in stage.server.sent if id == str(session.id)]
    login.tell(**UP)

    async def sent() -> bool:
        return [what["text"] for id, _, what in stage.server.sent if id == str(session.id)] == ["later"]

    await stage.until(sent)


async def test_a_lost_line_is_told_once_and_heals(stage: Stage) -> None:
    session = await stage.connected()
    login = await stage.login(session)
    for _ in range(3):
        login.tell(state="RECONNECTING", reason="stream_error")
    await stage.is_(session, "RECONNECTING", "stream_error")
    login.tell(**UP)
    await stage.is_(session, "CONNECTED")
    assert login.is_open, "the same socket"
    assert (await stage.events(session)).count("session.disconnected") == 1


async def test_a_line_that_ends_is_dialled_again(stage: Stage) -> None:
    session = await stage.connected()
    login = await stage.login(session)
    login.writer.close()

    async def dialled() -> bool:
        return any(one.fence > login.fence for one in stage.server.open_logins(str(session.id)))

    await stage.until(dialled)
    (await stage.login(session)).tell(**UP)
    await stage.is_(session, "CONNECTED")


async def test_what_an_earlier_dial_says_is_ignored(stage: Stage) -> None:
    session = await stage.connected()
    old = (await stage.line(session))["fence"]
    await (await stage.use(InitSession))(stage.caller, session.id, again=True)

    async def dialled() -> bool:
        return any(one.fence > old for one in stage.server.open_logins(str(session.id)))

    await stage.until(dialled)
    (await stage.login(session)).tell(**UP)
    await stage.is_(session, "CONNECTED")
    await stage.owner.execute(
        """INSERT INTO hub.inbox (source, dedupe_key, tenant_id, session_id, provider, chat, body, fence)
           VALUES ($1::text, 'late', $2, $3, 'PIGEON', 'session', $4, $5)""",
        str(session.id),
        stage.caller.tenant_id,
        session.id,
        b'{"state": "LOGGED_OUT", "at": "2026-01-01T00:00:00+00:00"}',
        old,
    )

    async def done() -> bool:
        rows = await stage.rows(
            "SELECT state FROM hub.inbox WHERE source = $1 AND dedupe_key = 'late'", str(session.id)
        )
        return [row["state"] for row in rows] == ["done"]

    await stage.until(done)
    assert (await stage.line(session))["status"] == "CONNECTED"


async def test_replaced_it_stays_down_until_it_is_started(stage: Stage) -> None:
    session = await stage.connected()
    (await stage.login(session)).tell(state="DISCONNECTED", reason="replaced")
    await stage.is_(session, "DISCONNECTED", "replaced")

    async def closed() -> bool:
        return not stage.server.open_logins(str(session.id))

    await stage.until(closed)
    await (await stage.use(InitSession))(stage.caller, session.id)
    (await stage.login(session)).tell(**UP)
    await stage.is_(session, "CONNECTED")


async def test_a_temporary_ban_is_waited_out(stage: Stage) -> None:
    session = await stage.connected()
    until = datetime.now(UTC) + timedelta(seconds=3)
    (await stage.login(session)).tell(state="BANNED", reason="101", until=until.isoformat())
    line = await stage.is_(session, "BANNED", f"banned_until {until.isoformat(timespec='seconds')}")
    assert line["is_active"]

    async def closed() -> bool:
        return not stage.server.open_logins(str(session.id))

    await stage.until(closed)
    login = await stage.login(session)
    assert datetime.now(UTC) >= until
    login.tell(**UP)
    await stage.is_(session, "CONNECTED")


@pytest.mark.parametrize(("reason", "event"), [("credentials_corrupted", True), ("client_outdated", False)])
async def test_down_for_good_and_why(stage: Stage, reason: str, event: bool) -> None:
    session = await stage.connected()
    (await stage.login(session)).tell(state="FAILED", reason=reason)
    await stage.is_(session, "FAILED", reason)

    async def let_go() -> bool:
        return (await stage.line(session))["connector_id"] is None

    await stage.until(let_go)
    assert ("session.auth_corrupted" in await stage.events(session)) is event
    assert (str(session.id) in stage.forgotten()) is event
    assert not stage.server.open_logins(str(session.id))


async def test_logged_out_on_the_phone_its_credentials_are_cleared(stage: Stage) -> None:
    session = await stage.connected()
    (await stage.login(session)).tell(state="LOGGED_OUT", reason="401")
    await stage.is_(session, "LOGGED_OUT", "401")

    async def cleared() -> bool:
        return str(session.id) in stage.forgotten() and not (await stage.line(session))["must_forget"]

    await stage.until(cleared)


async def test_a_store_that_does_not_let_go_keeps_nobody_waiting(stage: Stage) -> None:
    session = await stage.connected()
    stubborn = stage.folder / "forgotten.stubborn"
    stubborn.write_text(str(session.id))
    (await stage.login(session)).tell(state="LOGGED_OUT", reason="401")
    await stage.is_(session, "LOGGED_OUT", "401")
    await stage.connected()
    assert (await stage.line(session))["must_forget"]
    stubborn.unlink()

    async def cleared() -> bool:
        return not (await stage.line(session))["must_forget"]

    await stage.until(cleared)


async def test_logging_out_tells_the_phone(stage: Stage) -> None:
    session = await stage.connected()
    login = await stage.login(session)
    out = await (await stage.use(LogOut))(stage.caller, session.id)
    assert (out.status, out.is_active) == ("LOGGED_OUT", False)
    assert [what for _, what in login.said if "log_out" in what]

    async def cleared() -> bool:
        return str(session.id) in stage.forgotten()

    await stage.until(cleared)


async def test_a_pairing_code_comes_from_the_holder(stage: Stage) -> None:
    session = await stage.session()
    (await stage.login(session)).tell(**QR)
    await stage.is_(session, "QR_PENDING")
    pair = await stage.use(RequestPairingCode)
    assert await pair(stage.caller, session.id, "+5511987654321") == "ABCD-EFGH"
    stage.server.refuse_pairing = "too many"
    with pytest.raises(Conflict, match="too many") as caught:
        await pair(stage.caller, session.id, "+5511987654321")
    assert caught.value.code == "refused"
    stage.server.refuse_pairing = None
    with pytest.raises(Invalid, match="phone_number"):
        await pair(stage.caller, session.id, "nobody")
    assert await stage.rows("SELECT * FROM hub.commands WHERE session_id = $1", session.id) == []


async def test_a_pairing_code_needs_a_session_that_is_started_and_not_connected(stage: Stage) -> None:
    pair = await stage.use(RequestPairingCode)
    with pytest.raises(Conflict, match="not started"):
        await pair(stage.caller, (await stage.session(start=False)).id, "5511987654321")
    with pytest.raises(Conflict, match="connected already"):
        await pair(stage.caller, (await stage.connected()).id, "5511987654321")


async def test_stopped_it_is_closed_and_keeps_its_credentials(stage: Stage) -> None:
    session = await stage.connected()
    stop = await stage.use(StopSession)
    for _ in range(2):
        stopped = await stop(stage.caller, session.id)
        assert (stopped.status, stopped.status_reason) == ("DISCONNECTED", "stopped")

    async def let_go() -> bool:
        line = await stage.line(session)
        return not stage.server.open_logins(str(session.id)) and line["connector_id"] is None and line["is_clean"]

    await stage.until(let_go)
    assert (await stage.line(session))["has_paired"]
    assert str(session.id) not in stage.forgotten()
    assert (await stage.events(session)).count("session.disconnected") == 1


async def test_deleted_it_is_logged_out_and_forgotten(stage: Stage) -> None:
    session = await stage.connected()
    login = await stage.login(session)
    await (await stage.use(DeleteSession))(stage.caller, session.id)
    assert await stage.line(session) == {}
    assert [what for _, what in login.said if "log_out" in what]

    async def gone() -> bool:
        return not login.is_open and str(session.id) in stage.forgotten()

    await stage.until(gone)
    assert await stage.rows("SELECT * FROM hub.commands WHERE session_id = $1", session.id) == []


async def test_starting_what_is_connected_is_a_conflict(stage: Stage) -> None:
    session = await stage.connected()
    with pytest.raises(Conflict) as caught:
        await (await stage.use(InitSession))(stage.caller, session.id)
    assert caught.value.code == "already_connected"


async def test_without_a_holder_a_command_says_so(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whatsapp_hub.application.sessions.holder_commands.ANSWER_S", 1.0)
    session = await stage.session()
    await stage.login(session)
    await stage.owner.execute(
        "UPDATE hub.lines SET is_wanted = false, connector_id = NULL WHERE session_id = $1", session.id
    )
    with pytest.raises(Unavailable, match="no connector"):
        await (await stage.use(RequestPairingCode))(stage.caller, session.id, "5511987654321")


async def test_a_text_is_typed_before_it_is_sent(stage: Stage) -> None:
    session = await stage.connected()
    login = await stage.login(session)
    await stage.say(session, "5511911110009", "a text that takes two seconds to type. ")

    async def sent() -> bool:
        return any("send" in what for _, what in login.said)

    await stage.until(sent)
    typed_at = next(at for at, what in login.said if what.get("typing") == "5511911110009")
    sent_at = next(at for at, what in login.said if "send" in what)
    assert sent_at - typed_at >= 1.3


async def test_new_settings_take_effect_at_once(stage: Stage) -> None:
    session = await stage.connected()
    first = await stage.login(session)
    changes = SessionChanges(settings={**stage.server.settings, "proxy": "socks5://elsewhere"})
    await (await stage.use(UpdateSession))(stage.caller, session.id, changes)
    await stage.was_down(session, "settings_changed")

    async def dialled() -> bool:
        return any(one.fence > first.fence for one in stage.server.open_logins(str(session.id)))

    await stage.until(dialled)
    (await stage.login(session)).tell(**UP)
    await stage.is_(session, "CONNECTED")
    assert not first.is_open
