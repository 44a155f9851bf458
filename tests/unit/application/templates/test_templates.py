"""The catalogue: synchronised by request, by the hour and by webhooks; and what a send makes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contracts.storage.world import a_phone, new_id
from tests.unit.application.office import LINE, Office, text
from whatsapp_hub.application.ports.provider.events import TemplateSeen
from whatsapp_hub.application.ports.provider.templates import TemplateDraft
from whatsapp_hub.application.sending.send_message import SendMessage, StartConversation
from whatsapp_hub.application.templates.fetch_templates import SyncStale, SyncTemplates
from whatsapp_hub.application.templates.manage_templates import CreateTemplate, DeleteTemplate, PreviewTemplate
from whatsapp_hub.domain.errors import Conflict, Forbidden, Invalid, NotFound, NotSupported, Rejected, WindowClosed
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.messaging.content import Template
from whatsapp_hub.domain.templates.template import MessageTemplate, TemplateNews

BODY = {"type": "BODY", "text": "Olá {{1}}, seu pedido chegou."}
HELLO = TemplateNews("hello", "pt_BR", "17", "APPROVED", "UTILITY", "GREEN", components=(BODY,))
FILLED = ({"type": "body", "parameters": [{"type": "text", "text": "Ana"}]},)


@pytest.fixture(autouse=True)
def windowed(office: Office) -> None:
    plugin = office.plugins[LINE]
    plugin.capabilities = replace(plugin.capabilities, reply_window_h=24)


async def synced(office: Office, *catalogue: TemplateNews) -> list[MessageTemplate]:
    office.line.catalogue = list(catalogue)
    await office.use(SyncTemplates)(office.admin, office.session.id)
    return await known(office)


async def known(office: Office) -> list[MessageTemplate]:
    async with office.world.uow() as uow:
        names = ("hello", "bye", "new")
        return [one for name in names for one in await uow.templates.named(office.session.id, name)]


def hello(*components: Any, language: str = "pt_BR", name: str = "hello") -> Template:
    return Template(name=name, language=language, components=components or FILLED)


async def hears(office: Office, news: TemplateNews) -> None:
    await office.sees(office.plugins[LINE].sees("other:template", TemplateSeen(news, office.clock())))


class TestSynchronising:
    async def test_the_catalogue_is_the_accounts(self, office: Office) -> None:
        await synced(office, HELLO, replace(HELLO, name="bye"))
        office.clock.pass_(minutes=1)
        office.line.catalogue = [replace(HELLO, status="PAUSED")]
        done = await office.use(SyncTemplates)(office.admin, office.session.id)
        assert (done.found, done.removed) == (1, 1)
        assert [(t.name, t.status) for t in await known(office)] == [("hello", "PAUSED")]

    async def test_parts_that_are_larger_than_whatsapps_are_not_kept(self, office: Office) -> None:
        """Forty of three megabytes, told by a company's own webhook, and one page of them stopped the API for 14 s."""
        huge = TemplateNews("hello", "pt_BR", components=({"type": "BODY", "text": "x" * 40_000},))
        await hears(office, huge)
        assert [t.components for t in await known(office)] == [None]
        [kept] = await synced(office, HELLO)
        assert kept.components == (BODY,)
        office.clock.pass_(minutes=1)
        await hears(office, huge)
        for kind in range(60):
            await hears(office, replace(huge, components=({"type": f"T{kind}", "text": "x" * 1_000},)))
        [kept] = await known(office)
        assert kept.components is not None
        assert kept.components[0] == BODY
        assert len(str(kept.components)) < 40_000

    async def test_an_old_one_is_fetched_by_itself_and_a_fresh_one_is_left(self, office: Office) -> None:
        office.line.catalogue = [HELLO]
        async with office.world.uow() as uow:
            session = await uow.sessions.get(office.session.id)
            session.is_active = True
            await uow.sessions.save(session)
            await uow.commit()
        assert await office.use(SyncStale)(office.id) == 1
        assert await office.use(SyncStale)(office.id) == 0
        office.clock.pass_(hours=2)
        office.line.fails = [Rejected("190", "token")]
        assert await office.use(SyncStale)(office.id) == 0
        assert await office.use(SyncStale)(office.id) == 1

    async def test_only_sessions_that_have_one_are_synchronised(self, office: Office) -> None:
        with pytest.raises(Invalid):
            await office.use(SyncTemplates)(office.admin, SessionId(new_id()))
        plugin = office.plugins[LINE]
        plugin.capabilities = replace(plugin.capabilities, features=frozenset())
        with pytest.raises(NotSupported):
            await office.use(SyncTemplates)(office.admin, office.session.id)

    async def test_an_agent_reads_and_does_not_synchronise(self, office: Office) -> None:
        [one] = await synced(office, HELLO)
        agent = office.as_(await office.person())
        with pytest.raises(Forbidden):
            await office.use(SyncTemplates)(agent, office.session.id)
        preview = await office.use(PreviewTemplate)(agent, one.id, FILLED)
        assert (preview.shown.text, preview.flaws) == ("Olá Ana, seu pedido chegou.", ())
        assert [f.pointer for f in (await office.use(PreviewTemplate)(agent, one.id, ())).flaws] == ["/components"]


class TestWebhooks:
    async def test_news_change_what_is_known(self, office: Office) -> None:
        await synced(office, HELLO)
        office.clock.pass_(minutes=1)
        await hears(office, TemplateNews("hello", "pt_BR", status="PAUSED", reason="LOW_QUALITY"))
        await hears(office, TemplateNews("hello", "pt_BR", quality="RED"))
        [one] = await known(office)
        assert (one.status, one.reason, one.quality, one.components) == ("PAUSED", "LOW_QUALITY", "RED", (BODY,))

    async def test_a_new_one_joins_and_a_deleted_one_leaves(self, office: Office) -> None:
        await hears(office, TemplateNews("new", "en", "5", "APPROVED"))
        assert [(t.name, t.status, t.components) for t in await known(office)] == [("new", "APPROVED", None)]
        await hears(office, TemplateNews("new", "en", status="DELETED"))
        assert await known(office) == []

    async def test_what_was_reported_during_a_synchronisation_stays(self, office: Office) -> None:
        sync = office.use(SyncTemplates)
        office.line.catalogue = [HELLO]

        class Slow:
            async def templates(self, session: object) -> list[TemplateNews]:
                office.clock.pass_(seconds=1)
                await hears(office, TemplateNews("hello", "pt_BR", status="PAUSED"))
                return office.line.catalogue

        keeper: Any = Slow()
        await sync.fetch(office.ref(office.session), keeper)
        assert [t.status for t in await known(office)] == ["PAUSED"]


class TestSending:
    async def test_a_message_has_the_text_that_the_customer_sees(self, office: Office) -> None:
        await synced(office, HELLO)
        conversation = await office.writes(a_phone(), "Oi")
        office.clock.pass_(hours=30)
        sent = await office.use(SendMessage)(office.admin, conversation.id, hello())
        assert sent.content == replace(hello(), text="Olá Ana, seu pedido chegou.")
        again = await office.use(SendMessage)(office.admin, conversation.id, hello(), "key")
        assert (await office.use(SendMessage)(office.admin, conversation.id, hello(), "key")).id == again.id

    @pytest.mark.parametrize(
        ("content", "pointer"),
        [
            (hello(name="helo"), "/content/name"),
            (hello(language="en"), "/content/language"),
            (hello({"type": "body", "parameters": []}), "/content/components/0/parameters"),
            (
                hello({"type": "header", "parameters": [{"type": "text", "text": "x"}]}, *FILLED),
                "/content/components/0/parameters",
            ),
        ],
    )
    async def test_what_does_not_fit_is_refused_by_its_field(
        self, office: Office, content: Template, pointer: str
    ) -> None:
        await synced(office, HELLO)
        conversation = await office.writes(a_phone(), "Oi")
        with pytest.raises(Invalid) as refused:
            await office.use(SendMessage)(office.admin, conversation.id, content)
        assert [flaw.pointer for flaw in refused.value.flaws] == [pointer]

    async def test_a_paused_one_is_refused_and_a_conversation_names_its_own_field(self, office: Office) -> None:
        await synced(office, replace(HELLO, status="PAUSED"))
        with pytest.raises(Invalid, match="PAUSED") as refused:
            await office.use(StartConversation)(office.admin, office.session.id, f"+{a_phone()}", hello())
        assert refused.value.flaws[0].pointer == "/template/name"

    async def test_without_a_catalogue_whatsapp_judges(self, office: Office) -> None:
        conversation = await office.writes(a_phone(), "Oi")
        sent = await office.use(SendMessage)(office.admin, conversation.id, hello(name="anything"))
        assert sent.content == hello(name="anything")

    async def test_a_text_after_the_window_is_answered_with_templates(self, office: Office) -> None:
        await synced(office, *(replace(HELLO, name=f"t{n:02}") for n in range(30)), replace(HELLO, status="PAUSED"))
        conversation = await office.writes(a_phone(), "Oi")
        office.clock.pass_(hours=24)
        with pytest.raises(WindowClosed) as closed:
            await office.use(SendMessage)(office.admin, conversation.id, text("Bom dia"))
        assert closed.value.templates == tuple((f"t{n:02}", "pt_BR") for n in range(20))
        assert closed.value.closed_at == conversation.window_closes_at


class TestManaging:
    DRAFT = TemplateDraft("new", "en", "UTILITY", ({"type": "BODY", "text": "Hi"},))

    async def test_one_is_submitted_and_deleted_at_whatsapp_too(self, office: Office) -> None:
        made = await office.use(CreateTemplate)(office.admin, office.session.id, self.DRAFT)
        assert (made.status, made.provider_id) == ("PENDING", "t1")
        with pytest.raises(Conflict):
            await office.use(CreateTemplate)(office.admin, office.session.id, self.DRAFT)
        await office.use(DeleteTemplate)(office.admin, made.id)
        assert office.line.shown[-1] == ("delete_template", "new", "t1")
        with pytest.raises(NotFound):
            await office.use(DeleteTemplate)(office.admin, made.id)

    async def test_what_whatsapp_refuses_is_not_deleted_here(self, office: Office) -> None:
        [one] = await synced(office, HELLO)
        office.line.fails = [Rejected("100", "no")]
        with pytest.raises(Rejected):
            await office.use(DeleteTemplate)(office.admin, one.id)
        assert await known(office) == [one]

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"name": "Bad Name"}, "/name"),
            ({"category": "NEWS"}, "/category"),
            ({"components": ()}, "/components"),
            ({"components": ({"type": "BODY", "text": " "},)}, "/components"),
        ],
    )
    async def test_a_bad_draft_is_refused_before_whatsapp_is_asked(
        self, office: Office, changes: dict[str, Any], pointer: str
    ) -> None:
        with pytest.raises(Invalid) as refused:
            await office.use(CreateTemplate)(office.admin, office.session.id, replace(self.DRAFT, **changes))
        assert [flaw.pointer for flaw in refused.value.flaws] == [pointer]
        assert office.line.shown == []


async def test_the_hour_is_counted_from_the_last_synchronisation(office: Office) -> None:
    await synced(office, HELLO, replace(HELLO, name="bye"))
    office.clock.pass_(hours=2)
    await hears(office, TemplateNews("hello", "pt_BR", status="PAUSED"))
    async with office.world.uow() as uow:
        kinds = [office.session.provider]
        is_active = (await uow.sessions.get(office.session.id)).is_active
        stale = await uow.templates.stale(kinds, office.clock() - timedelta(hours=1))
    assert (office.session.id in stale) is is_active
