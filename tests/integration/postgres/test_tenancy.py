"""Row-level security on every table there is, both roles; tenants in schemas of their own."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.fakes.files import digest_of as file_digest
from tests.fakes.files import uploaded
from whatsapp_hub.adapters.postgres.engine.database import APP, SYSTEM, connect
from whatsapp_hub.adapters.postgres.engine.migrate import migrate
from whatsapp_hub.adapters.postgres.queries import PostgresQueries
from whatsapp_hub.application.ports.operations.environment import EnvironmentMark
from whatsapp_hub.application.ports.provider.events import ReceiptSeen
from whatsapp_hub.application.ports.queues.fetches import Fetch
from whatsapp_hub.application.ports.queues.inbox import Charge
from whatsapp_hub.application.ports.storage.contacts import Sighting
from whatsapp_hub.application.reading.queries import ConversationFilter, Sight
from whatsapp_hub.domain.accounts.api_key import ApiKey, digest_of
from whatsapp_hub.domain.accounts.oidc import OidcLink
from whatsapp_hub.domain.accounts.second_factor import SecondFactor
from whatsapp_hub.domain.accounts.sign_in import AuthMethod, EndReason, SignIn
from whatsapp_hub.domain.accounts.tenant import Placement
from whatsapp_hub.domain.campaigns.audience import Audience
from whatsapp_hub.domain.campaigns.campaign import Campaign, Wording
from whatsapp_hub.domain.conversations.note import Note
from whatsapp_hub.domain.conversations.notification import Notification, NotificationKind
from whatsapp_hub.domain.conversations.quick_reply import QuickReply
from whatsapp_hub.domain.conversations.routing_rules import Actions, Conditions, Rule
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import (
    ApiKeyId,
    CampaignId,
    MediaId,
    MessageId,
    NoteId,
    NotificationId,
    OidcLinkId,
    QuickReplyId,
    RuleId,
    SignInId,
    TemplateId,
)
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import Reaction
from whatsapp_hub.domain.messaging.message import MessageStatus
from whatsapp_hub.domain.messaging.pacing import Pacing
from whatsapp_hub.domain.templates.template import MessageTemplate

from .conftest import NOW, World, new_id

TABLES = """
    SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND (n.nspname IN ('hub', 'pooled') OR n.nspname LIKE 'client\\_%')
      AND c.relname <> 'alembic_version'"""
WRITTEN_BY_CUSTOMERS = (
    "contacts",
    "contact_identities",
    "left_identities",
    "conversations",
    "messages",
    "early_changes",
    "assignments",
    "notes",
    "notifications",
)


async def fill(world: World) -> None:
    """At least one row in each table that belongs to a tenant."""
    conversation = await world.conversation()
    [message] = await world.enqueue(conversation, "secret")
    early = await world.add_message(conversation, content=Reaction("👍", message_id="W1"))
    await world.done(lambda uow: uow.messages.wait([early]))
    department = await world.add_department()
    user = await world.add_user(department_id=department.id)
    await world.add_session("META", settings={"routes": ["phone:1"]})
    held = await world.add_session("HELD")
    async with world.uow() as uow:
        await uow.connections.of(held)
        await uow.connections.forget_deleted(held)
        c = await uow.conversations.get(conversation.id)
        c.assign(user.id, department.id, NOW, "test")
        await uow.conversations.save([c])
        uow.publish(c.take_events())
        await uow.charges.add([Charge(world.session.id, "wamid.x", NOW, "marketing", "regular", True, "BR")])
        await uow.receipts.keep([(world.session.id, ReceiptSeen("wamid.x", MessageStatus.READ, NOW))])
        await uow.idempotency.claim("me", "key", b"hash", message.id)
        digest = digest_of(str(world.tenant.id))
        await uow.api_keys.add(ApiKey(ApiKeyId(new_id()), world.tenant.id, "k", digest, "hub_", NOW, user.id))
        id = new_id()
        await uow.notes.add(Note(NoteId(id), world.tenant.id, c.id, user.id, "secret", NOW))
        told = Notification(NotificationId(id), world.tenant.id, NotificationKind.ASSIGNED, c.id, NOW, user.id)
        await uow.notifications.add([told])
        await uow.password_resets.offer(user.id, digest_of(str(user.id)), NOW)
        sign_in = SignIn(SignInId(id), world.tenant.id, user.id, AuthMethod.PASSWORD, NOW, NOW, NOW)
        await uow.sign_ins.add(sign_in, at_most=9)
        link = OidcLink(OidcLinkId(new_id()), world.tenant.id, user.id, "https://id.example.com", str(user.id), NOW)
        assert await uow.oidc_links.add(link)
        await uow.sign_ins.end_all(user.id, NOW, EndReason.DISMISSED)
        await uow.second_factors.begin(SecondFactor(user.id, world.tenant.id, "SECRET"))
        await uow.files.announce(file_digest(b"secret"))
        await uow.fetches.add([Fetch(MediaId(id), MessageId(id), world.session.id, False, NOW)])
        await uow.scheduled.add(world.make_message(c, "secret", send_at=NOW))
        assert await uow.blocks.ask(c.contact_id, [world.session.provider], NOW, blocked=True) == 1
        await uow.media.add(uploaded(world.tenant.id, b"secret", "text/plain", "s.txt", NOW))
        await uow.quick_replies.add(QuickReply(QuickReplyId(id), world.tenant.id, "hi", "secret", NOW, NOW))
        session = world.session.id
        told_of = MessageTemplate(TemplateId(id), world.tenant.id, session, "secret", "en", "APPROVED", NOW)
        await uow.templates.save([told_of])
        listed = ("secret", Wording("secret", "en"), Audience((c.contact_id,)), NOW)
        await uow.campaigns.add(Campaign(CampaignId(id), world.tenant.id, session, *listed))
        rule = Rule(RuleId(id), world.tenant.id, 1, "secret", Conditions(), Actions(("secret",)), NOW, NOW)
        await uow.rules.save([rule])
        await uow.environment.save(EnvironmentMark(world.session.id, b"secret"))
        await uow.commit()
    await world.hub.owner.execute(
        """INSERT INTO hub.inbox (source, dedupe_key, tenant_id, session_id, provider, chat, body)
           VALUES ($1::uuid::text, 'k', $2, $1, 'SANDBOX', 'c', 'b')""",
        world.session.id,
        world.tenant.id,
    )
    await world.hub.owner.execute("INSERT INTO hub.media_use (tenant_id, bytes) VALUES ($1, 1)", world.tenant.id)
    for table, columns in (
        ("contact_exports", "(id, tenant_id, contact_id, caller, expires_at) SELECT $1, $2, $1, 'me', now()"),
        (
            "contact_erasures",
            """(id, tenant_id, contact_id, caller, names, untils, chat_sessions, chats, conversations)
               SELECT $1, $2, $1, 'me', ARRAY['secret'], ARRAY[NULL]::timestamptz[], '{}', '{}', '{}'""",
        ),
        ("erased_updates", "(source, digest, tenant_id) SELECT $1::uuid::text, '', $2"),
    ):
        await world.hub.owner.execute(f"INSERT INTO hub.{table} {columns}", new_id(), world.tenant.id)
    await world.hub.owner.execute(
        "INSERT INTO hub.placement_changes (tenant_id, relation, key) VALUES ($1, 'notes', '{}')", world.tenant.id
    )
    await world.hub.owner.execute(
        "INSERT INTO hub.placement_moves (tenant_id, source, target, stage) VALUES ($1, 'a', 'b', 'clearing')",
        world.tenant.id,
    )
    await world.hub.owner.execute(
        f"""INSERT INTO {world.tenant.schema}.left_identities
            SELECT tenant_id, 'phone', '5511900000000', now(), contact_id FROM {world.tenant.schema}.conversations
            WHERE id = $1""",
        conversation.id,
    )
    await world.hub.owner.execute(
        """INSERT INTO hub.audit (tenant_id, caller, action, change, entity, entity_id)
           VALUES ($1, 'user:1', 'test', 'create', 'note', '1')""",
        world.tenant.id,
    )
    webhook_id = await world.hub.owner.fetchval(
        """INSERT INTO hub.webhooks
             (id, tenant_id, url, format, events, secrets, is_active, created_at, updated_at, cursor)
           VALUES (gen_random_uuid(), $1, 'http://x/', 'standard', '{}', '', true, now(), now(), 0) RETURNING id""",
        world.tenant.id,
    )
    await world.hub.owner.execute(
        """INSERT INTO hub.webhook_deliveries (webhook_id, tenant_id, position, type, lane, expires_at)
           VALUES ($1, $2, 1, 't', '', now())""",
        webhook_id,
        world.tenant.id,
    )
    await world.hub.owner.execute(
        """INSERT INTO hub.events (position, tenant_id, type, occurred_at, body)
           SELECT 1000000 + count(*), $1, 't', now(), '{}' FROM hub.events""",
        world.tenant.id,
    )
    await world.hub.owner.execute(
        "INSERT INTO hub.outbox (tenant_id, type, occurred_at, body) VALUES ($1, 't', now(), '{}')", world.tenant.id
    )
    webhook = new_id()
    await world.hub.owner.execute(
        """INSERT INTO hub.webhooks
             (id, tenant_id, url, format, events, secrets, is_active, created_at, updated_at, cursor)
           VALUES ($1, $2, 'http://a', 'standard', '{}', '', true, now(), now(), 0)""",
        webhook,
        world.tenant.id,
    )
    await world.hub.owner.execute(
        """INSERT INTO hub.webhook_deliveries (webhook_id, tenant_id, position, type, lane, expires_at)
           VALUES ($1, $2, 1, 't', 'l', now())""",
        webhook,
        world.tenant.id,
    )
    await world.hub.owner.execute(
        """INSERT INTO hub.pairings (session_id, tenant_id, began_at, until, look_at)
           VALUES ($1, $2, now(), now(), now())""",
        world.session.id,
        world.tenant.id,
    )
    await world.hub.owner.execute(
        "INSERT INTO hub.session_history (session_id, tenant_id, kind, at, until, count)"
        " VALUES ($1, $2, 'dialled', now(), now(), 1)",
        *(world.session.id, world.tenant.id),
    )
    await world.hub.owner.execute(
        "INSERT INTO hub.session_providers (session_id, tenant_id, role, provider, settings, routes, since)"
        " VALUES ($1, $2, 'left', 'META', '', '{}', now())",
        *(world.session.id, world.tenant.id),
    )
    await world.hub.owner.execute(
        "INSERT INTO hub.session_uses (session_id, tenant_id, listened_at) VALUES ($1, $2, now())",
        world.session.id,
        world.tenant.id,
    )
    await world.hub.owner.execute(
        """INSERT INTO hub.sandbox_screens (tenant_id, session_id, phone, message_id, direction, text, at)
           VALUES ($1, $2, '1', 'm', 'OUTBOUND', 'secret', now())""",
        world.tenant.id,
        world.session.id,
    )


async def rows_seen(connection: Any, table: str) -> int:
    """-1: not even allowed to look."""
    try:
        count: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    except asyncpg.InsufficientPrivilegeError:
        return -1
    return count


async def test_hub_app_sees_nothing_without_a_tenant(new_world: Any) -> None:
    world = await new_world()
    await fill(world)
    tables = [row[0] for row in await world.hub.owner.fetch(TABLES)]
    assert len(tables) >= 20
    connection = await connect(world.hub.url, APP)
    seen = {table: await rows_seen(connection, table) for table in tables}
    assert not {table: count for table, count in seen.items() if count > 0}
    await connection.execute("SELECT set_config('app.tenant_id', $1, false)", str(new_id()))
    seen = {table: await rows_seen(connection, table) for table in tables}
    assert not {table: count for table, count in seen.items() if count > 0}
    await connection.close()


async def test_every_table_of_a_tenant_is_guarded_both_ways(new_world: Any) -> None:
    mine, theirs = await new_world(), await new_world()
    await fill(theirs)
    connection = await connect(mine.hub.url, APP)
    for (table,) in await mine.hub.owner.fetch(TABLES):
        columns = await mine.hub.owner.fetch("SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass", table)
        if "tenant_id" not in {c[0] for c in columns}:
            continue
        exists = await mine.hub.owner.fetchval(f"SELECT count(*) FROM {table} WHERE tenant_id = $1", theirs.tenant.id)
        assert exists or table.startswith("client_"), f"the test has no row in {table}"
        for tenant, expected in ((mine.tenant.id, 0), (theirs.tenant.id, exists), (None, 0)):
            async with connection.transaction():
                if tenant:
                    await connection.execute("SELECT set_config('app.tenant_id', $1, true)", str(tenant))
                count = f"SELECT count(*) FROM {table} WHERE tenant_id = $1"
                assert await connection.fetchval(count, theirs.tenant.id) == expected, (table, tenant)
    insert = "INSERT INTO pooled.contacts (id, tenant_id, is_group, created_at) VALUES ($1, $2, false, now())"
    await connection.execute("SELECT set_config('app.tenant_id', $1, false)", str(mine.tenant.id))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(insert, new_id(), theirs.tenant.id)
    await connection.close()


async def test_every_table_forces_row_level_security(world: World) -> None:
    open_tables = await world.hub.owner.fetch(
        """SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE c.relkind = 'r' AND (n.nspname IN ('hub', 'pooled') OR n.nspname LIKE 'client\\_%')
             AND c.relname <> 'alembic_version' AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"""
    )
    assert open_tables == []


async def test_hub_system_never_reads_what_customers_wrote(new_world: Any) -> None:
    world = await new_world(Placement.DEDICATED)
    connection = await connect(world.hub.url, SYSTEM)
    for schema in ("pooled", world.tenant.schema):
        for table in WRITTEN_BY_CUSTOMERS:
            assert await rows_seen(connection, f"{schema}.{table}") == -1
    assert await rows_seen(connection, "hub.tenants") > 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.fetch("SELECT * FROM hub.sandbox_screens")
    await connection.close()


async def test_a_dedicated_tenant_stands_in_its_own_schema(new_world: Any) -> None:
    own, pooled = await new_world(Placement.DEDICATED), await new_world()
    for world in (own, pooled):
        conversation = await world.conversation("5511977776666")
        await world.enqueue(conversation, "hello")
        async with world.uow() as uow:
            [c], _ = await uow.lanes.claim({"SANDBOX": Pacing(None, None)}, 5, 5)
            assert c.message.content.text == "hello"
        page = await PostgresQueries(world.hub.storage).conversations(
            world.tenant.id, Sight(everything=True), ConversationFilter(), 10, None
        )
        assert [c.id for c in page.items] == [conversation.id]
    count = f"SELECT count(*) FROM {own.tenant.schema}.contacts"
    assert await own.hub.owner.fetchval(count) == 1
    assert not await own.hub.owner.fetchval("SELECT 1 FROM pooled.contacts WHERE tenant_id = $1", own.tenant.id)


async def test_migrating_again_and_at_once_is_harmless(new_world: Any) -> None:
    world = await new_world(Placement.DEDICATED)
    await asyncio.gather(*(migrate(world.hub.url) for _ in range(3)))
    versions = await world.hub.owner.fetch(f"SELECT version_num FROM {world.tenant.schema}.alembic_version")
    assert len(versions) == 1


async def test_another_tenants_ids_are_not_found(new_world: Any) -> None:
    mine, theirs = await new_world(), await new_world()
    conversation = await theirs.conversation()
    [message] = await theirs.enqueue(conversation, "x")
    queries = PostgresQueries(mine.hub.storage)
    async with mine.uow() as uow:
        for get in (
            uow.conversations.get(conversation.id),
            uow.contacts.get(conversation.contact_id),
            uow.messages.get(message.id),
            uow.sessions.get(theirs.session.id),
            queries.conversation(mine.tenant.id, Sight(everything=True), conversation.id),
            queries.messages(mine.tenant.id, conversation.id, 5, None),
            queries.session(mine.tenant.id, theirs.session.id),
        ):
            with pytest.raises(NotFound):
                await get
        [(contact, new)], _ = await uow.contacts.find_or_create(
            [Sighting((Identity.phone("4915112345678"),), None)], NOW
        )
        assert new
        assert contact.tenant_id == mine.tenant.id
