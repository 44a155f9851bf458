"""`POST /api/messages/send-media` (contract E): stored with the message, uploaded to Meta, given to WAHA as bytes."""

import base64
from typing import Any

import httpx
import pytest

from tests.integration.http.conftest import Company, Person
from tests.integration.hub.world import Number, WahaNumber, World, a_phone, menu, until

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
FILES = {
    "image/png": PNG,
    "application/pdf": b"%PDF-1.7\n" + bytes(range(256)),
    "audio/ogg; codecs=opus": b"OggS" + bytes(range(256)),
    "video/mp4": b"\x00\x00\x00\x18ftypisom" + bytes(range(256)),
}


async def send(by: Person, conversation: dict[str, Any], file: tuple[str, bytes, str], **more: str) -> httpx.Response:
    headers = {**by.headers, **({"Idempotency-Key": more.pop("key")} if "key" in more else {})}
    form = {"conversationId": conversation["id"], **more}
    return await by.http.post("/api/messages/send-media", data=form, files={"file": file}, headers=headers)


@pytest.mark.parametrize(
    ("mime", "kind"),
    [
        ("image/png", "IMAGE"),
        ("application/pdf", "DOCUMENT"),
        ("audio/ogg; codecs=opus", "AUDIO"),
        ("video/mp4", "VIDEO"),
    ],
)
async def test_a_file_reaches_meta_as_an_upload_and_a_message_with_its_id(
    world: World, company: Company, number: Number, mime: str, kind: str
) -> None:
    await company.department("Vendas")
    phone = a_phone()
    await number.writes(phone, "Oi")
    await number.reads(phone, menu("Vendas"))
    conversation = await number.conversation(phone)
    sent = await send(company.admin, conversation, ('a "b".bin', FILES[mime], mime), caption="veja")
    assert sent.status_code == 202, sent.text
    shown = sent.json()
    assert (shown["type"], shown["content"], shown["status"]) == (kind, "veja", "PENDING")
    await number.message(shown["id"], status="SENT")
    [body] = [s.body for s in world.graph.sent if s.to == phone and s.body["type"] == kind.lower()]
    name, content = world.graph.uploads[int(body[kind.lower()]["id"].rpartition("-")[2]) - 1]
    assert name.startswith("multipart/form-data; boundary=")
    assert FILES[mime] in content
    assert mime.encode() in content
    back = await company.admin.get(shown["mediaUrl"])
    assert (back.content, back.headers["content-type"]) == (FILES[mime], mime)
    shown_how = "attachment" if kind == "DOCUMENT" else "inline"
    assert back.headers["content-disposition"].startswith(shown_how)
    taken = await company.admin.post(f"/api/conversations/{conversation['id']}/assign")
    assert taken.status_code == 200
    agent = await company.agent(await company.department("Outro"))
    assert (await agent.get(shown["mediaUrl"])).status_code == 404
    other = await world.hub.company()
    assert (await other.admin.get(shown["mediaUrl"])).status_code == 404


async def test_waha_gets_the_bytes(world: World, company: Company, waha: WahaNumber) -> None:
    chat = f"{a_phone()}@c.us"
    await waha.writes(chat, "Oi")
    await world.settled(company)
    [conversation] = (await company.admin.get("/api/conversations", sessionId=waha.session["id"])).json()
    assert (await send(company.admin, conversation, ("a.png", PNG, "image/png"), caption="veja")).status_code == 202

    async def taken() -> list[Any]:
        return [s for s in world.waha.sent if s.to == chat and s.path == "/api/sendImage"]

    [sent] = await until(taken)
    assert base64.b64decode(sent.body["file"]["data"]) == PNG
    assert (sent.body["file"]["mimetype"], sent.body["caption"]) == ("image/png", "veja")


async def test_the_same_key_is_the_same_message_and_another_file_is_refused(
    world: World, company: Company, number: Number
) -> None:
    phone = a_phone()
    await number.writes(phone, "Oi")
    conversation = await number.conversation(phone)
    first = await send(company.admin, conversation, ("a.png", PNG, "image/png"), key="k")
    again = await send(company.admin, conversation, ("a.png", PNG, "image/png"), key="k")
    assert first.json()["id"] == again.json()["id"]
    assert (await send(company.admin, conversation, ("a.png", PNG + b"!", "image/png"), key="k")).status_code == 422


@pytest.mark.parametrize(
    ("file", "more", "pointer"),
    [
        (("a.png", b"", "image/png"), {}, "/file"),
        (("a.png", PNG + b"x" * (5 * 1024 * 1024), "image/png"), {}, "/file"),
        (("a.png", PNG, "nonsense"), {}, "/file"),
        (("a.png", PNG, "image/png"), {"caption": "x" * 1025}, "/caption"),
    ],
    ids=["empty", "too large", "no type", "long caption"],
)
async def test_a_bad_file_is_refused_by_its_field(
    company: Company, number: Number, file: tuple[str, bytes, str], more: dict[str, str], pointer: str
) -> None:
    phone = a_phone()
    await number.writes(phone, "Oi")
    answer = await send(company.admin, await number.conversation(phone), file, **more)
    assert (answer.status_code, [e["pointer"] for e in answer.json()["errors"]]) == (400, [pointer])


async def test_a_file_that_meta_lost_after_it_took_the_message_is_uploaded_and_sent_once_more(
    world: World, company: Company, number: Number
) -> None:
    phone = a_phone()
    await number.writes(phone, "oi")
    conversation = await number.conversation(phone)
    form, files = {"conversationId": conversation["id"]}, {"file": ("a.png", PNG, "image/png")}
    sent = await company.admin.http.post(
        "/api/messages/send-media", data=form, files=files, headers=company.admin.headers
    )

    def taken() -> list[str]:
        return [s.id for s in world.graph.sent if s.to == phone and s.body["type"] == "image"]

    async def says(count: int) -> bool:
        return len(taken()) == count

    await until(lambda: says(1))
    first = await number.message(sent.json()["id"], status="SENT")
    uploads = len(world.graph.uploads)
    lost = [{"code": 131053, "title": "Media upload error"}]
    for _ in range(2):
        await number.receipt(first["whatsapp_message_id"], phone, "failed", errors=lost)
    await until(lambda: says(2))
    assert len(world.graph.uploads) == uploads + 1
    again = await number.message(sent.json()["id"], status="SENT", whatsapp_message_id=taken()[1])
    await number.receipt(again["whatsapp_message_id"], phone, "failed", errors=lost)
    await number.message(sent.json()["id"], status="FAILED")
    await world.settled(company)
    assert len(taken()) == 2
