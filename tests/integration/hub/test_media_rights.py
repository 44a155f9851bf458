"""A file is sent on by who may see it, and by nobody else."""

from tests.integration.http.conftest import Company
from tests.integration.hub.test_media import PNG, send
from tests.integration.hub.world import Number, World, a_phone, menu


async def test_who_may_not_see_a_file_cannot_send_it_to_themselves(
    world: World, company: Company, number: Number
) -> None:
    """By its id, and then read it there: they know the id of a conversation that is another department's by now."""
    await company.department("Vendas")
    phone = a_phone()
    await number.writes(phone, "Oi")
    await number.reads(phone, menu("Vendas"))
    conversation = await number.conversation(phone)
    shown = (await send(company.admin, conversation, ("a.png", PNG, "image/png"))).json()
    assert (await company.admin.post(f"/api/conversations/{conversation['id']}/assign")).status_code == 200
    media_id = shown["mediaUrl"].rsplit("/", 1)[-1]
    agent = await company.agent(await company.department("Outro"))
    theirs = {"sessionId": number.session["id"], "to": a_phone(), "content": "Oi"}
    own = (await agent.post("/api/conversations", theirs)).json()
    image = {"kind": "image", "mediaId": media_id}
    refused = await agent.post("/api/messages", {"conversationId": own["id"], "content": image})
    assert (refused.status_code, refused.json()["detail"]) == (404, f"media {media_id} not found")
    assert (await agent.get(shown["mediaUrl"])).status_code == 404
    sent = await company.admin.post("/api/messages", {"conversationId": own["id"], "content": image})
    assert sent.status_code == 202
