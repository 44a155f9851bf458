"""Customers' files: fetched from Meta and WAHA, stored, shown to those who may see them, and to nobody else."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID, uuid4

import pytest
from PIL import Image

from tests.fakes import graph as meta
from tests.integration.http.conftest import Company
from tests.integration.hub.world import Number, WahaNumber, World, a_phone, a_wamid, now_s, until


def a_picture(width: int = 640, height: int = 480) -> bytes:
    written = io.BytesIO()
    Image.effect_noise((width, height), 50).save(written, "JPEG")
    return written.getvalue()


PICTURE = a_picture()
PDF = b"%PDF-1.7\n" + bytes(3_000_000)


async def sends(number: Number, phone: str, content: bytes, kind: str = "image", **more: Any) -> str:
    """A customer sends a file through Meta."""
    id = f"media-{uuid4().hex}"
    number.world.graph.files[id] = (content, "image/jpeg")
    file = {"id": id, "mime_type": "image/jpeg", "sha256": "x"} | more
    answer = await number.post(number.body(meta.file_from(phone, a_wamid(), kind, file, now_s())))
    assert answer.status_code == 200
    return id


async def file_of(number: Number, phone: str, **like: object) -> dict[str, Any]:
    """The message's `media`, as soon as it looks like this."""

    async def looks() -> dict[str, Any] | None:
        found = [m["media"] for m in await number.messages(phone) if m["media"]]
        return found[-1] if found and like.items() <= found[-1].items() else None

    found = await until(looks)
    assert found
    return found


async def test_a_picture_from_meta_is_fetched_shown_and_told(world: World, company: Company, number: Number) -> None:
    phone = a_phone()
    async with world.hub.listening(company.admin) as ear:
        await sends(number, phone, PICTURE, caption="veja")
        told = await ear.hears("message-changed", reason="updated")
    assert told["message"]["media"]["state"] == "READY"
    media = await file_of(number, phone, state="READY")
    assert (media["mimeType"], media["width"], media["height"]) == ("image/jpeg", 640, 480)
    assert (media["size"], media["voice"], media["error"]) == (len(PICTURE), False, None)
    [message] = [m for m in await number.messages(phone) if m["media"]]
    assert (message["content"], message["mediaUrl"]) == ("veja", media["url"])
    file = await company.admin.get(media["url"])
    assert (file.status_code, file.content, file.headers["content-type"]) == (200, PICTURE, "image/jpeg")
    assert file.headers["content-disposition"].startswith("inline")
    assert file.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert "sandbox" in file.headers["content-security-policy"]
    assert file.headers["x-content-type-options"] == "nosniff"
    small = await company.admin.get(media["thumbnailUrl"])
    assert (small.status_code, small.headers["content-type"]) == (200, "image/jpeg")
    with Image.open(io.BytesIO(small.content)) as shown:
        assert shown.size == (480, 360)


async def test_parts_and_tags_of_a_file(company: Company, number: Number) -> None:
    phone = a_phone()
    await sends(number, phone, PDF, "document", filename="a b.pdf", mime_type="application/pdf")
    media = await file_of(number, phone, state="READY")
    http, url, headers = company.admin.http, media["url"], company.admin.headers
    part = await http.get(url, headers={**headers, "Range": "bytes=1000000-2000009"})
    assert (part.status_code, part.content) == (206, PDF[1_000_000:2_000_010])
    assert part.headers["content-range"] == f"bytes 1000000-2000009/{len(PDF)}"
    whole = await http.get(url, headers=headers)
    assert whole.headers["content-disposition"] == "attachment; filename*=UTF-8''a%20b.pdf"
    again = await http.get(url, headers={**headers, "If-None-Match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    beyond = await http.get(url, headers={**headers, "Range": "bytes=9000000-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(PDF)}")


async def test_nobody_else_sees_it(world: World, company: Company, number: Number) -> None:
    phone = a_phone()
    await sends(number, phone, PICTURE)
    media = await file_of(number, phone, state="READY")
    other, agent = await world.hub.company(), await company.agent(await company.department("Outro"))
    conversation = await number.conversation(phone)
    assert (await company.admin.post(f"/api/conversations/{conversation['id']}/assign")).status_code == 200
    for person in (other.admin, agent):
        for path in (media["url"], media["thumbnailUrl"]):
            assert (await person.get(path)).status_code == 404
        assert (await person.post(f"{media['url']}/link")).status_code == 404
    assert (await company.admin.http.get(media["url"])).status_code == 401


async def test_a_link_opens_the_file_without_a_credential(company: Company, number: Number) -> None:
    phone = a_phone()
    await sends(number, phone, PICTURE)
    media = await file_of(number, phone, state="READY")
    link = (await company.admin.post(f"{media['url']}/link")).json()
    path = link["url"].partition("/api/")[2]
    opened = await company.admin.http.get(f"/api/{path}")
    assert (opened.status_code, opened.content) == (200, PICTURE)
    assert (await company.admin.http.get(f"/api/{path[:-3]}AAA")).status_code == 404


async def test_a_pdf_that_says_it_is_a_picture_is_a_pdf(company: Company, number: Number) -> None:
    phone = a_phone()
    await sends(number, phone, PDF)
    media = await file_of(number, phone, state="READY")
    assert (media["mimeType"], media["thumbnailUrl"]) == ("application/pdf", None)
    assert (await company.admin.get(media["url"])).headers["content-disposition"].startswith("attachment")


async def test_what_meta_has_no_more_says_so(number: Number) -> None:
    phone = a_phone()
    answer = await number.post(number.body(meta.file_from(phone, a_wamid(), "image", {"id": "gone-1"}, now_s())))
    assert answer.status_code == 200
    media = await file_of(number, phone, state="EXPIRED")
    assert (media["error"], media["url"]) == ("media_expired", None)


async def test_a_file_from_waha_comes_from_its_own_server(world: World, company: Company, waha: WahaNumber) -> None:
    chat, path = f"{a_phone()}@c.us", f"/api/files/{uuid4().hex}.jpg"
    world.waha.files[path] = (PICTURE, "image/jpeg")
    media = {"url": f"http://localhost:3000{path}", "mimetype": "image/jpeg", "filename": None, "error": None}
    await waha.writes(chat, "veja", hasMedia=True, media=media)
    elsewhere = f"{a_phone()}@c.us"
    evil = {"url": "http://169.254.169.254/latest", "mimetype": "image/jpeg", "filename": None, "error": None}
    await waha.writes(elsewhere, "veja", hasMedia=True, media=evil)

    async def states() -> set[str] | None:
        found = (await company.admin.get("/api/messages/search", query="veja")).json()
        shown = {(m["media"] or {}).get("state") for m in found}
        return shown if len(found) == 2 and "PENDING" not in shown else None

    assert await until(states) == {"READY", "FAILED"}


@pytest.mark.parametrize("by", ["message", "company"])
async def test_files_go_with_what_carries_them(world: World, company: Company, number: Number, by: str) -> None:
    phone = a_phone()
    await sends(number, phone, a_picture(100, 80))
    await file_of(number, phone, state="READY")
    folder = world.settings.data_dir / "media" / company.id
    assert len([p for p in folder.rglob("*") if p.is_file()]) == 2, "the picture and the small one"
    tenant = UUID(company.id)
    if by == "company":
        slug = await world.owner.fetchval("SELECT slug FROM hub.tenants WHERE id = $1", tenant)
        gone = await world.hub.master.http.request(
            "DELETE", f"/api/tenants/{company.id}", json={"confirm": slug}, headers=world.hub.master.headers
        )
        assert gone.status_code < 300, gone.text
    else:
        contact = await world.owner.fetchval("SELECT contact_id FROM pooled.messages WHERE tenant_id = $1", tenant)
        erased = await company.admin.post(f"/api/contacts/{contact}/erase", {"confirm": str(contact)})
        assert erased.status_code < 300, erased.text
        await world.owner.execute(
            "UPDATE pooled.files SET look_at = now() - interval '1 s' WHERE tenant_id = $1", tenant
        )

    async def none_left() -> bool:
        if by == "message":  # its job runs each minute
            await world.owner.execute("DELETE FROM hub.ticks WHERE name = 'collect-files'")
        return not [p for p in folder.rglob("*") if p.is_file()]

    await until(none_left, 90)
