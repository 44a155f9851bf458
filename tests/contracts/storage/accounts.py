"""The company itself, its keys, quick replies, rules and quotas; how its people authenticate."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.contracts.storage.world import NOW, World, eventually, new_id
from tests.fakes.files import uploaded
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.api_key import ApiKey
from whatsapp_hub.domain.accounts.oidc import OidcLink
from whatsapp_hub.domain.accounts.quotas import Quota
from whatsapp_hub.domain.accounts.second_factor import SecondFactor
from whatsapp_hub.domain.accounts.sign_in import AuthMethod, EndReason, SignIn
from whatsapp_hub.domain.accounts.tenant import Language, Tenant
from whatsapp_hub.domain.accounts.user import Role, User
from whatsapp_hub.domain.conversations.conversation import Priority
from whatsapp_hub.domain.conversations.quick_reply import QuickReply
from whatsapp_hub.domain.conversations.routing_rules import Actions, Conditions, Rule
from whatsapp_hub.domain.errors import Conflict, NotFound
from whatsapp_hub.domain.ids import ApiKeyId, OidcLinkId, QuickReplyId, RuleId, SignInId

HOUR = timedelta(hours=1)


def make_key(world: World, user: User, **more: Any) -> ApiKey:
    usual: dict[str, Any] = {"digest": uuid4().bytes, "hint": "hub_abcdefgh", "created_at": NOW} | more
    return ApiKey(ApiKeyId(new_id()), world.tenant.id, "a program", created_by=user.id, **usual)


async def is_known(world: World, company: Tenant) -> bool:
    """A process may know a company as it was a second ago."""
    async with world.uow() as uow:
        return uow.tenant == company


class CompanyContract:
    async def test_a_company_is_read_locked_and_saved(self, world: World) -> None:
        async with world.uow() as uow:
            company = await uow.tenants.own()
            company.name, company.language, company.greeting = "Renamed", Language.EN, "Hello"
            company.quotas, company.second_factor_required = {Quota.SESSIONS: 7}, True
            await uow.tenants.save(company)
            await uow.commit()
        assert await world.hub.storage.directory.tenant(world.tenant.id) == company

    async def test_a_quota_is_counted_and_refuses_one_more(self, world: World) -> None:
        async with world.uow() as uow:
            company = await uow.tenants.own()
            company.quotas = {Quota.DEPARTMENTS: 1, Quota.SESSIONS: 1, Quota.MEDIA: 1}
            await uow.tenants.save(company)
            await uow.commit()
        await eventually(lambda: is_known(world, company))
        async with world.uow() as uow:
            await uow.quotas.require_room(Quota.DEPARTMENTS)
            with pytest.raises(Conflict) as refused:
                await uow.quotas.require_room(Quota.SESSIONS)
            assert refused.value.code == "quota_exceeded"
            await uow.quotas.add_media(600_000)
            with pytest.raises(Conflict):
                await uow.quotas.add_media(600_000)
            await uow.quotas.recount_media()
            await uow.quotas.add_media(900_000)

    async def test_a_file_is_stored_once(self, world: World) -> None:
        media = uploaded(world.tenant.id, b"%PDF", "application/pdf", "bill.pdf", NOW)
        async with world.uow() as uow:
            assert await uow.media.add(media)
            assert not await uow.media.add(media)
            await uow.commit()
        async with world.uow() as uow:
            assert await uow.media.get(media.id) == media

    async def test_rules_are_listed_in_their_order_and_saved_with_new_ones(self, world: World) -> None:
        second, first = (
            Rule(RuleId(new_id()), world.tenant.id, place, f"rule {place}",
                 Conditions(words=("price",)), Actions(("sales",), Priority.HIGH), NOW, NOW)
            for place in (2, 1)
        )  # fmt: skip
        await world.done(lambda uow: uow.rules.save([second, first]))
        async with world.uow() as uow:
            assert await uow.rules.all() == [first, second]
            await uow.rules.save([replace(second, name="another", updated_at=NOW + HOUR)])
            await uow.rules.remove(first.id)
            assert [r.name for r in await uow.rules.all()] == ["another"]

    async def test_a_shortcut_is_taken_once(self, world: World) -> None:
        hello, bye = (
            QuickReply(QuickReplyId(new_id()), world.tenant.id, shortcut, "…", NOW, NOW)
            for shortcut in ("hello", "bye")
        )
        async with world.uow() as uow:
            await uow.quick_replies.add(hello)
            await uow.quick_replies.add(bye)
            await uow.commit()
        bye.shortcut = "hello"
        with pytest.raises(Conflict) as refused:
            await world.done(lambda uow: uow.quick_replies.save(bye))
        assert refused.value.code == "shortcut_taken"
        await world.done(lambda uow: uow.quick_replies.remove(hello.id))
        await world.done(lambda uow: uow.quick_replies.save(bye))
        async with world.uow() as uow:
            assert await uow.quick_replies.get(bye.id) == bye
            with pytest.raises(NotFound):
                await uow.quick_replies.get(hello.id)


class CredentialContract:
    async def test_a_key_is_found_by_its_digest_with_its_maker(self, world: World) -> None:
        user = await world.add_user(role=Role.ADMIN)
        key = make_key(world, user, scopes=frozenset({Action.MANAGE_SESSIONS}))
        await world.done(lambda uow: uow.api_keys.add(key))
        found = await world.hub.storage.directory.api_key(key.digest)
        assert (found.key.id, found.key.scopes, found.maker.id) == (key.id, key.scopes, user.id)
        assert await world.hub.storage.directory.api_key(b"another") is None

    async def test_keys_are_listed_the_newest_first_and_revoked(self, world: World) -> None:
        user = await world.add_user()
        older, newer = make_key(world, user), make_key(world, user, created_at=NOW + HOUR)
        for key in (older, newer):
            await world.done(lambda uow, k=key: uow.api_keys.add(k))  # type: ignore[misc]
        async with world.uow() as uow:
            assert [k.id for k in await uow.api_keys.all()] == [newer.id, older.id]
            revoked = await uow.api_keys.get(older.id)
            revoked.revoked_at = NOW
            await uow.api_keys.save(revoked)
            await uow.commit()
        async with world.uow() as uow:
            assert (await uow.api_keys.get(older.id)).revoked_at == NOW

    async def test_a_user_has_so_many_sign_ins_the_longest_unseen_ends(self, world: World) -> None:
        user, now = await world.add_user(), datetime.now(UTC)
        sign_ins = [
            SignIn(SignInId(new_id()), world.tenant.id, user.id, AuthMethod.PASSWORD, now, now + HOUR,
                   now + timedelta(seconds=n))
            for n in range(3)
        ]  # fmt: skip
        for sign_in in sign_ins:
            await world.done(lambda uow, s=sign_in: uow.sign_ins.add(s, at_most=2))  # type: ignore[misc]
        async with world.uow() as uow:
            assert [s.id for s in await uow.sign_ins.of_user(user.id, now)] == [sign_ins[2].id, sign_ins[1].id]
            ended = await uow.sign_ins.get(user.id, sign_ins[0].id)
            assert ended.end_reason is EndReason.TOO_MANY
            assert await uow.sign_ins.end_all(user.id, now, EndReason.SIGNED_OUT, but=sign_ins[1].id) == 1
            assert [s.id for s in await uow.sign_ins.of_user(user.id, now)] == [sign_ins[1].id]
            with pytest.raises(NotFound):
                await uow.sign_ins.get((await world.add_user()).id, sign_ins[1].id)

    async def test_a_sign_in_is_looked_up_with_its_user(self, world: World) -> None:
        user, now = await world.add_user(), datetime.now(UTC)
        sign_in = SignIn(SignInId(new_id()), world.tenant.id, user.id, AuthMethod.PASSWORD, now, now + HOUR, now)
        await world.done(lambda uow: uow.sign_ins.add(sign_in, at_most=10))
        found = await world.hub.storage.directory.signed_in(sign_in.id)
        assert (found.sign_in, found.user, found.must_enrol) == (sign_in, user, False)
        assert await world.hub.storage.directory.signed_in(SignInId(new_id())) is None

    async def test_a_confirmed_second_factor_is_not_begun_again(self, world: World) -> None:
        user = await world.add_user()
        begun = SecondFactor(user.id, world.tenant.id, "FIRST")
        async with world.uow() as uow:
            await uow.second_factors.begin(begun)
            await uow.second_factors.begin(replace(begun, secret="SECOND"))
            factor = await uow.second_factors.get(user.id)
            assert factor
            assert factor.secret == "SECOND"
            factor.confirmed_at, factor.used_step, factor.recovery_digests = NOW, 7, (b"one", b"two")
            await uow.second_factors.save(factor)
            await uow.second_factors.begin(replace(begun, secret="THIRD"))
            assert await uow.second_factors.get(user.id) == factor
            assert await uow.second_factors.remove(user.id)
            assert not await uow.second_factors.remove(user.id)

    async def test_a_password_reset_is_used_once_and_void_once_the_password_changed(self, world: World) -> None:
        user, now = await world.add_user(), datetime.now(UTC)
        async with world.uow() as uow:
            await uow.password_resets.offer(user.id, b"first", now + HOUR)
            await uow.password_resets.offer(user.id, b"digest", now + HOUR)
            assert await uow.password_resets.pending(b"first", now) is None
            assert await uow.password_resets.pending(b"digest", now) == user.id
            assert await uow.password_resets.pending(b"digest", now + HOUR) is None
            assert await uow.password_resets.use(b"digest", now) == user.id
            assert await uow.password_resets.use(b"digest", now) is None
            await uow.password_resets.offer(user.id, b"again", now + HOUR)
            user.password_hash = "another"
            await uow.users.save([user])
            assert await uow.password_resets.use(b"again", now) is None

    async def test_a_person_at_the_openid_provider_is_one_user(self, world: World, other: World) -> None:
        user, stranger = await world.add_user(), await other.add_user()
        issuer = f"https://{uuid4().hex}.example"

        def link(of: World, whose: User, subject: str) -> OidcLink:
            return OidcLink(OidcLinkId(new_id()), of.tenant.id, whose.id, issuer, subject, NOW)

        assert await world.done(lambda uow: uow.oidc_links.add(link(world, user, "ana")))
        assert not await world.done(lambda uow: uow.oidc_links.add(link(world, user, "bia")))
        assert not await other.done(lambda uow: uow.oidc_links.add(link(other, stranger, "ana")))
        assert await world.done(lambda uow: uow.oidc_links.remove(user.id))
        assert not await world.done(lambda uow: uow.oidc_links.remove(user.id))
        assert await other.done(lambda uow: uow.oidc_links.add(link(other, stranger, "ana")))
