"""Files to fetch: leased, fenced, given back."""

from collections import Counter
from uuid import uuid4

from tests.contracts.storage.world import NOW, World, new_id
from whatsapp_hub.application.ports.queues.fetches import Fetch, Share
from whatsapp_hub.domain.ids import MediaId, MessageId, SessionId


def a_fetch(world: World, session_id: SessionId | None = None, *, is_held: bool = False) -> Fetch:
    return Fetch(MediaId(new_id()), MessageId(new_id()), session_id or world.session.id, is_held, NOW)


class FetchContract:
    async def test_each_is_claimed_by_one_until_its_lease_ends(self, world: World) -> None:
        wanted = [a_fetch(world) for _ in range(3)]
        await world.done(lambda uow: uow.fetches.add(wanted))
        first = await world.done(lambda uow: uow.fetches.claim(2, 60))
        rest = await world.done(lambda uow: uow.fetches.claim(9, 60))
        assert (len(first), len(rest)) == (2, 1)
        assert {f.media_id for f in [*first, *rest]} == {f.media_id for f in wanted}
        assert {(f.tries, f.created_at) for f in first} == {(1, NOW)}
        assert await world.done(lambda uow: uow.fetches.claim(9, 60)) == []

    async def test_a_file_is_expected_until_it_was_fetched(self, world: World) -> None:
        [wanted, other] = [a_fetch(world), a_fetch(world)]
        await world.done(lambda uow: uow.fetches.add([wanted]))
        assert await world.done(lambda uow: uow.fetches.is_expected(wanted.media_id))
        assert not await world.done(lambda uow: uow.fetches.is_expected(other.media_id))
        [fetch] = await world.done(lambda uow: uow.fetches.claim(1, 60))
        assert await world.done(lambda uow: uow.fetches.is_expected(wanted.media_id))
        await world.done(lambda uow: uow.fetches.done(fetch))
        assert not await world.done(lambda uow: uow.fetches.is_expected(wanted.media_id))

    async def test_after_its_lease_another_has_it_and_the_first_can_do_nothing_more(self, world: World) -> None:
        await world.done(lambda uow: uow.fetches.add([a_fetch(world)]))
        [first] = await world.done(lambda uow: uow.fetches.claim(1, 0))
        [second] = await world.done(lambda uow: uow.fetches.claim(1, 60))
        assert second.tries == 2
        assert not await world.done(lambda uow: uow.fetches.renew(first, 60))
        assert not await world.done(lambda uow: uow.fetches.done(first))
        await world.done(lambda uow: uow.fetches.later(first, 0))
        assert await world.done(lambda uow: uow.fetches.claim(1, 60)) == []
        assert await world.done(lambda uow: uow.fetches.renew(second, 60))
        assert await world.done(lambda uow: uow.fetches.done(second))
        assert not await world.done(lambda uow: uow.fetches.done(second))

    async def test_one_that_is_given_back_is_due_when_it_was_said(self, world: World) -> None:
        await world.done(lambda uow: uow.fetches.add([a_fetch(world)]))
        [fetch] = await world.done(lambda uow: uow.fetches.claim(1, 60))
        await world.done(lambda uow: uow.fetches.later(fetch, 60))
        assert await world.done(lambda uow: uow.fetches.claim(1, 60)) == []
        assert await world.done(lambda uow: uow.fetches.renew(fetch, 0))
        assert len(await world.done(lambda uow: uow.fetches.claim(1, 60))) == 1

    async def test_no_session_gets_more_than_its_share_and_what_is_over_is_not_touched(self, world: World) -> None:
        busy, other = SessionId(uuid4()), SessionId(uuid4())
        await world.done(lambda uow: uow.fetches.add([a_fetch(world, busy) for _ in range(5)]))
        await world.done(lambda uow: uow.fetches.add([a_fetch(world, other) for _ in range(2)]))
        claimed = await world.done(lambda uow: uow.fetches.claim(4, 60, Share(3, {busy: 1})))
        assert Counter(f.session_id for f in claimed) == {busy: 2, other: 2}
        rest = await world.done(lambda uow: uow.fetches.claim(9, 60))
        assert [(f.session_id, f.tries) for f in rest] == [(busy, 1)] * 3

    async def test_sessions_that_have_their_share_are_passed_over(self, world: World) -> None:
        busy, other = SessionId(uuid4()), SessionId(uuid4())
        await world.done(lambda uow: uow.fetches.add([a_fetch(world, busy), a_fetch(world, other)]))
        claimed = await world.done(lambda uow: uow.fetches.claim(9, 60, Share(1, {busy: 1})))
        assert [f.session_id for f in claimed] == [other]

    async def test_those_of_a_connector_are_its_own(self, world: World) -> None:
        mine, theirs = SessionId(uuid4()), SessionId(uuid4())
        held = [a_fetch(world, mine, is_held=True), a_fetch(world, theirs, is_held=True), a_fetch(world)]
        await world.done(lambda uow: uow.fetches.add(held))
        directory = world.hub.storage.directory
        assert world.tenant.id in await directory.tenants_with_fetches([mine])
        assert world.tenant.id not in await directory.tenants_with_fetches([SessionId(uuid4())])
        claimed = await world.done(lambda uow: uow.fetches.claim(9, 60, held=[mine]))
        assert [f.session_id for f in claimed] == [mine]
        assert world.tenant.id in await directory.tenants_with_fetches(None)
        assert len(await world.done(lambda uow: uow.fetches.claim(9, 60))) == 1
        assert world.tenant.id not in await directory.tenants_with_fetches(None)

    async def test_another_tenant_s_are_not_there(self, world: World, other: World) -> None:
        await world.done(lambda uow: uow.fetches.add([a_fetch(world)]))
        assert await other.done(lambda uow: uow.fetches.claim(9, 60)) == []
