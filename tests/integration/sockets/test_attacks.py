"""What a stranger, or an agent who means harm, does to sockets: cut off while it is small, felt by nobody else."""

import asyncio
import json
import time
from typing import Any

import pytest
import socketio
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from tests.integration.http.conftest import Company, Person, eventually
from tests.integration.sockets.conftest import MB, ApiProcess, neighbour

WORST_WAIT_S = 1.0
"""Twenty times what is measured on an idle machine."""
MOST_MEMORY = 50 * MB


async def closed(websocket: ClientConnection, within_s: float = 5.0) -> int | None:
    """Read on until the other side ends; its code."""
    async with asyncio.timeout(within_s):
        try:
            while True:
                await websocket.recv()
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd else None


async def answers(websocket: ClientConnection, id: int) -> dict[str, Any]:
    """The acknowledgement of the event with that id."""
    async with asyncio.timeout(10):
        while True:
            said = str(await websocket.recv())
            if said.startswith(f"43{id}["):
                found: dict[str, Any] = json.loads(said[len(f"43{id}") :])[0]
                return found


async def flood(websocket: ClientConnection, frame: str | bytes, for_s: float) -> int:
    """Send as fast as it goes, until the other side ends or the time does; how many went."""
    sent, until = 0, time.monotonic() + for_s
    try:
        while time.monotonic() < until:
            await websocket.send(frame)
            sent += 1
            if sent % 50 == 0:
                await asyncio.sleep(0)
    except ConnectionClosed:
        pass
    return sent


async def test_attachments_that_never_come_hold_no_memory(api: ApiProcess, company: Company) -> None:
    agent, before = await company.agent(), api.memory
    async with neighbour(api) as at_work, api.signed_in(agent, max_queue=None) as websocket:
        await websocket.send('4551000000-["typing",{"_placeholder":true,"num":0}]')
        sent = await flood(websocket, b"x" * 60_000, 5.0)
        assert await closed(websocket) == 1008
    assert sent * 60_000 < 30 * MB  # what buffers of the network take
    assert api.memory - before < MOST_MEMORY
    assert at_work.slowed_s < WORST_WAIT_S


async def test_twenty_thousand_handshakes_hold_no_memory_and_let_others_in(api: ApiProcess, company: Company) -> None:
    async def stranger(handshakes: int) -> None:
        reader, writer = await api.raw()
        for _ in range(handshakes):
            writer.write(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nhost: x\r\n\r\n")
            assert (await reader.readuntil(b"\r\n0\r\n\r\n")).startswith(b"HTTP/1.1 200")
        writer.close()

    await asyncio.gather(*(stranger(50) for _ in range(20)))  # what the first thousand take is taken once
    before = api.memory
    async with neighbour(api) as at_work:
        flooding = asyncio.gather(*(stranger(1000) for _ in range(20)))
        while not flooding.done():
            async with api.hub.listening(company.admin) as listener:
                assert (await listener.io.call("heartbeat", timeout=10))["ok"]
            await asyncio.sleep(0.1)
        await flooding
    assert api.memory - before < MOST_MEMORY
    assert at_work.slowed_s < WORST_WAIT_S


async def test_who_says_nothing_is_gone_after_a_quarter_of_a_minute(api: ApiProcess) -> None:
    async def silent_websocket() -> None:
        async with api.frames() as websocket:
            await closed(websocket, 25)

    async def silent_probe() -> None:
        async with api.frames(await api.handshake()) as websocket:
            await closed(websocket, 25)

    async def silent_polling() -> None:
        sid = await api.handshake()
        async with asyncio.timeout(25):
            while (await api.poll(sid)).status_code == 200:
                pass

    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for each in (silent_websocket, silent_probe, silent_polling):
            for _ in range(80):
                group.create_task(each())
    assert time.monotonic() - began > 10

    async def nobody() -> bool:
        return await api.sockets() == 0

    await eventually(nobody)


async def test_presence_has_a_rate_and_says_so(api: ApiProcess, company: Company) -> None:
    agent = await company.agent()
    changes = "SELECT count(*) FROM hub.events WHERE tenant_id = $1::uuid AND type = 'user.presence'"
    before = await api.owner.fetchval(changes, company.id)
    async with neighbour(api) as at_work, api.signed_in(agent) as websocket:
        for n in range(500):
            status = ("ONLINE", "BUSY")[n % 2]
            await websocket.send(f'42{n}["agent-status",{{"status":"{status}"}}]')
        said = [await answers(websocket, n) for n in range(500)]
    accepted = [each for each in said if each["ok"]]
    refused = [each for each in said if not each["ok"]]
    assert 30 <= len(accepted) <= 40
    assert {each["code"] for each in refused} == {"too_many"}
    assert all(each["retryAfter"] >= 1 and "try again in" in each["error"] for each in refused)
    assert await api.owner.fetchval(changes, company.id) - before <= len(accepted)
    assert at_work.slowed_s < WORST_WAIT_S


async def test_a_users_rate_is_that_of_all_their_sockets(api: ApiProcess, company: Company) -> None:
    agent = await company.agent()
    async with api.signed_in(agent) as one, api.signed_in(agent) as other:
        for websocket in (one, other):
            for n in range(20):
                await websocket.send(f'42{n}["agent-status",{{"status":"ONLINE"}}]')
        said = [await answers(websocket, n) for websocket in (one, other) for n in range(20)]
    assert 28 <= sum(each["ok"] for each in said) <= 34


@pytest.mark.parametrize("namespace", ["/", "/whatsapp"])
async def test_every_event_has_a_rate_on_both_namespaces(api: ApiProcess, company: Company, namespace: str) -> None:
    ns = "" if namespace == "/" else f"{namespace},"
    async with api.frames() as websocket:
        await websocket.send(f'40{ns}{{"token":"{company.admin.token}"}}')
        while not str(await websocket.recv()).startswith(f"40{ns}"):
            pass
        for n in range(700):
            await websocket.send(f'42{ns}{n}["what-nobody-knows",{n}]')
        codes = []
        for n in range(700):
            async with asyncio.timeout(10):
                while not (said := str(await websocket.recv())).startswith(f"43{ns}{n}["):
                    pass
            codes.append(json.loads(said[len(f"43{ns}{n}") :])[0]["code"])
        assert set(codes[:600]) == {"not_found"}
        assert codes[600:].count("too_many") > 25  # ten a second come back meanwhile
        await flood(websocket, f'42{ns}["get-sessions",{{}}]', 20.0)
        await closed(websocket)


async def test_typing_that_changes_at_every_key_has_a_rate(api: ApiProcess, company: Company) -> None:
    agent = await company.agent()
    id = "01a218ef-cd9c-71b4-9e8f-ba67fe798b31"
    async with api.signed_in(agent) as websocket:
        for n in range(590):
            await websocket.send(f'42{n}["typing",{{"conversationId":"{id}","typing":{str(n % 2 == 0).lower()}}}]')
        codes = [(await answers(websocket, n))["code"] for n in range(590)]
    assert set(codes) == {"not_found"}, "a conversation out of sight is none"


DEEP = "[" * 30_000
FRAMES: dict[str, str | bytes] = {
    "nothing": "",
    "no type": "x",
    "a ping": "2",
    "an upgrade later": "5",
    "noop": "6",
    "a message without type": "4",
    "an answer to nothing": "431[]",
    "a refusal": "44{}",
    "a binary event": '451-["typing",{"_placeholder":true,"num":0}]',
    "a binary answer": "461-[]",
    "binary": b"\x00\x01",
    "binary as text": "bAAEC",
    "an object": "42{}",
    "no name": "42[]",
    "a number for a name": "42[5]",
    "a list for a name": '42[["typing"]]',
    "broken": '42["typing"',
    "deep": f'42["typing",{DEEP}',
    "deeper": f"4{DEEP}",
    "a long number": f'42["typing",{"9" * 5000}]',
    "an endless id": f'42{"9" * 5000}["typing"]',
    "a digit of another script": '4²["typing"]',
    "a connection by event": '42["connect",{"asgi.scope":{"client":["203.0.113.7",1]}},{"token":"x"}]',
    "an end by event": '42["disconnect"]',
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
async def test_what_is_not_socket_io_ends_that_socket_alone(
    api: ApiProcess, company: Company, frame: str | bytes
) -> None:
    started = api.log.stat().st_size
    async with api.signed_in(company.admin) as other:
        async with api.signed_in(company.admin) as websocket:
            await websocket.send('429["heartbeat"]')
            await answers(websocket, 9)  # a probe is allowed among the first two
            await websocket.send(frame)
            await closed(websocket)
        await other.send('421["heartbeat"]')
        assert (await answers(other, 1))["ok"]
    said = api.log.read_bytes()[started:]
    assert b"Traceback" not in said
    assert b"exc_info" not in said
    assert b'"exception"' not in said
    assert len(said) < 20_000


@pytest.mark.parametrize(
    "frame", [frame for frame in FRAMES.values() if isinstance(frame, str)], ids=[n for n in FRAMES if n != "binary"]
)
async def test_so_does_it_by_long_polling(api: ApiProcess, company: Company, frame: str) -> None:
    started = api.log.stat().st_size
    sid = await api.handshake()
    assert (await api.post(sid, f'40{{"token":"{company.admin.token}"}}')).status_code == 200
    await api.post(sid, frame)

    async def gone() -> bool:
        return (await api.poll(sid)).status_code == 400

    await eventually(gone)
    assert b"Traceback" not in api.log.read_bytes()[started:]


async def test_a_frame_over_64_kb_is_1009(api: ApiProcess, company: Company) -> None:
    async with api.signed_in(company.admin) as websocket:
        await websocket.send('42["typing","' + "x" * 70_000 + '"]')
        assert await closed(websocket) == 1009


async def test_nothing_is_packed_so_nothing_unpacks_into_a_thousand_times_itself(api: ApiProcess) -> None:
    async with api.frames(compression="deflate") as websocket:
        assert websocket.protocol.extensions == []


async def test_pieces_without_end_are_cut_off(api: ApiProcess, company: Company) -> None:
    before = api.memory
    async with api.signed_in(company.admin) as websocket:
        transport, protocol = websocket.transport, websocket.protocol
        first = Frame(Opcode.TEXT, b"42", fin=False).serialize(mask=True)
        piece = Frame(Opcode.CONT, b"", fin=False).serialize(mask=True) * 10_000
        transport.write(first)
        for _ in range(200):
            if transport.is_closing():
                break
            transport.write(piece)
            await asyncio.sleep(0.005)
        assert protocol is websocket.protocol
        assert await closed(websocket) == 1009
    assert api.memory - before < MOST_MEMORY


async def test_answers_to_pings_that_nobody_reads_hold_no_memory(api: ApiProcess, company: Company) -> None:
    before = api.memory
    async with api.signed_in(company.admin) as websocket:
        transport = websocket.transport
        transport.pause_reading()
        pings = Frame(Opcode.PING, b"x" * 125).serialize(mask=True) * 1000
        for _ in range(600):  # 78 MB
            if transport.is_closing() or transport.get_write_buffer_size() > 8 * MB:
                break
            transport.write(pings)
            await asyncio.sleep(0.005)
        await asyncio.sleep(0)
        assert api.memory - before < MOST_MEMORY
        transport.abort()


async def test_very_many_frames_at_once_end_the_socket(api: ApiProcess, company: Company) -> None:
    async with api.signed_in(company.admin) as websocket:
        websocket.transport.write(Frame(Opcode.TEXT, b"3").serialize(mask=True) * 200_000)
        assert await closed(websocket, 10) in (1008, None)


async def test_a_program_may_join_five_hundred_sessions_in_one_go(api: ApiProcess, company: Company) -> None:
    """What a gateway does that comes back; by long polling in a single POST, as the official client sends it."""
    async with api.signed_in(company.admin) as websocket:
        for n in range(500):
            await websocket.send(f'42{n}["subscribe:session","s{n}"]')
        assert [(await answers(websocket, n))["code"] for n in range(500)] == ["not_found"] * 500
    other = await company.agent()
    sid = await api.handshake()
    await api.post(sid, f'40{{"token":"{other.token}"}}')
    body = "\x1e".join(f'42{n}["heartbeat"]' for n in range(500))
    assert (await api.post(sid, body)).status_code == 200
    heard = ""
    async with asyncio.timeout(10):
        while heard.count('"ok":true') < 500:
            heard += (await api.poll(sid)).text


async def test_bodies_of_long_polling_are_bounded(api: ApiProcess, company: Company) -> None:
    for body, status in (
        ("4" + "x" * 70_000, 413),
        (b"42[\xff]", 400),
        ("\x1e".join('42["heartbeat"]' for _ in range(1001)), 400),
        ("\x1e".join("3" for _ in range(20_000)), 400),
    ):
        sid = await api.handshake()
        await api.post(sid, f'40{{"token":"{company.admin.token}"}}')
        answer = await api.post(sid, body)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert answer.headers["x-content-type-options"] == "nosniff"
    answer = await api.post("nobodys", "40")
    assert (answer.status_code, answer.json()["detail"]) == (400, "there is no such socket; connect anew")


async def test_one_poll_and_one_websocket_of_a_socket_at_a_time(api: ApiProcess, company: Company) -> None:
    sid = await api.handshake()
    await api.post(sid, f'40{{"token":"{company.admin.token}"}}')
    async with asyncio.timeout(5):
        while "connected" not in (await api.poll(sid)).text:
            pass
    waiting = asyncio.create_task(api.poll(sid))
    await asyncio.sleep(0.2)
    assert (await api.poll(sid)).status_code == 400
    async with api.frames(sid):
        with pytest.raises(InvalidStatus) as refused:
            async with api.frames(sid):
                pass
        assert refused.value.response.status_code == 400
        assert refused.value.response.headers["x-frame-options"] == "DENY"
    await api.post(sid, '421["heartbeat"]')
    heard = (await waiting).text
    while '431[{"ok":true}]' not in heard:
        heard += (await api.poll(sid)).text


async def test_a_head_over_16_kb_is_431(api: ApiProcess) -> None:
    headers = {"cookie": "a=" + "x" * 17_000}
    answer = await api.hub.http.get("/socket.io/?EIO=4&transport=polling", headers=headers)
    assert answer.status_code == 431
    with pytest.raises(InvalidStatus) as refused:
        async with api.frames(additional_headers=headers):
            pass
    assert refused.value.response.status_code == 431


async def test_a_user_has_a_hundred_sockets(api: ApiProcess, company: Company) -> None:
    agent = await company.agent()
    opened: list[socketio.AsyncClient] = []

    async def one_more(person: Person) -> None:
        client = socketio.AsyncClient(reconnection=False)
        await client.connect(api.hub.url, auth={"token": person.token}, transports=["websocket"], wait_timeout=10)
        opened.append(client)

    async def refusal(person: Person) -> str:
        async with api.frames() as websocket:
            await websocket.send(f'40{{"token":"{person.token}"}}')
            answer = str(await websocket.recv())
            assert answer.startswith("44")
            return str(json.loads(answer[2:])["message"])

    try:
        for _ in range(10):
            await asyncio.gather(*(one_more(agent) for _ in range(10)))
        said = await refusal(agent)
        assert said == "100 sockets are open for this user or API key; close some"
        await one_more(company.admin)
        await opened.pop(0).disconnect()

        async def room_again() -> bool:
            try:
                await one_more(agent)
            except socketio.exceptions.ConnectionError:
                return False
            return True

        await eventually(room_again)
    finally:
        await asyncio.gather(*(client.disconnect() for client in opened))


async def test_a_socket_tries_to_authenticate_twenty_times(api: ApiProcess) -> None:
    async with api.frames() as websocket:
        for _ in range(21):
            await websocket.send('40{"token":"nonsense"}')
        await closed(websocket)


@pytest.mark.parametrize("text", ["\\ud800", "a\\u0000b", "\\udc00\\ud800"])
@pytest.mark.parametrize(
    "event", ["subscribe:session", "join-conversation", "typing", "agent-status", "join-company", "nobody-knows"]
)
async def test_nul_and_surrogates_are_refused_by_name(api: ApiProcess, company: Company, event: str, text: str) -> None:
    fields = ("sessionId", "agentId", "conversationId", "status", "companyId")
    body = ",".join(f'"{name}":"{text}"' for name in fields)
    async with api.signed_in(company.admin) as websocket:
        for id, data in ((1, f"{{{body}}}"), (2, f'"{text}"')):
            await websocket.send(f'42{id}["{event}",{data}]')
            said = await answers(websocket, id)
            assert (said["ok"], said["code"]) == (False, "not_found" if event == "nobody-knows" else "invalid")
        await websocket.send(f'423["{text}",1]')
        assert (await answers(websocket, 3))["code"] == "not_found"
    async with api.frames() as websocket:
        await websocket.send(f'40{{"token":"{text}"}}')
        assert "auth: {token} is needed" in str(await websocket.recv())
