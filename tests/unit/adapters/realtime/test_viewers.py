"""Who looks at a conversation is shown to those who may see it, wherever they are connected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast
from uuid import uuid4

import pytest

from whatsapp_hub.adapters.contracts.events.sockets import Emission
from whatsapp_hub.adapters.realtime import viewers
from whatsapp_hub.adapters.realtime.viewers import Viewers
from whatsapp_hub.domain.ids import ConversationId, TenantId, UserId

TENANT, CONVERSATION = TenantId(uuid4()), ConversationId(uuid4())
ANA, BEA = UserId(uuid4()), UserId(uuid4())
ROOMS = ("department:sales",)


class Process:
    """A process, what it showed, and the others that hear it."""

    def __init__(self, *, rooms_now: tuple[str, ...] = ()) -> None:
        self.shown: list[tuple[list[str], tuple[str, ...]]] = []
        self.time = 100.0
        self.said: list[bytes] = []
        self.others: list[Process] = []
        self.rooms_now = rooms_now
        self.viewers = Viewers(cast("Any", self._show), lambda *_: self.rooms_now, self._say, lambda: self.time)

    def _show(self, emission: Emission, rooms: tuple[str, ...], but: str | None = None) -> int:
        self.shown.append((emission.payload["users"], rooms))
        return 1

    async def _say(self, said: bytes) -> None:
        for other in self.others:
            assert other.viewers.hear(said)

    async def opens(self, sid: str, user: UserId, id: ConversationId = CONVERSATION) -> list[str]:
        emission = self.viewers.enter(sid, user, TENANT, id, ROOMS)
        await self.viewers._publishing.drain()
        return cast("list[str]", emission.payload["users"])

    async def leaves(self, sid: str) -> None:
        self.viewers.forget(sid)
        await self.viewers._publishing.drain()

    async def repeats(self) -> None:
        self.viewers.repeat()
        await self.viewers._publishing.drain()

    def shows(self, rooms: Iterable[str], tenant_id: TenantId = TENANT) -> list[list[str]]:
        return [one.payload["users"] for one in self.viewers.shown_in(tenant_id, rooms) if one]

    @property
    def last(self) -> list[str]:
        return self.shown[-1][0]


def users(*some: UserId) -> list[str]:
    return sorted(map(str, some))


async def test_all_processes_show_all_who_look_and_those_who_leave() -> None:
    here, there = Process(), Process()
    here.others, there.others = [there], [here]
    assert await here.opens("1", ANA) == users(ANA)
    assert await there.opens("2", BEA) == users(ANA, BEA)
    assert here.last == there.last == users(ANA, BEA)
    await here.leaves("1")
    assert here.last == there.last == users(BEA)
    await there.leaves("2")
    assert here.last == there.last == []


async def test_a_second_window_of_the_same_person_changes_nothing() -> None:
    here = Process()
    await here.opens("1", ANA)
    await here.opens("2", ANA)
    await here.leaves("1")
    assert [seen for seen, _ in here.shown] == [users(ANA)]
    await here.leaves("2")
    assert here.last == []


async def test_they_are_shown_to_those_who_may_see_the_conversation_now() -> None:
    here = Process()
    await here.opens("1", ANA)
    assert here.shown[-1][1] == (*ROOMS, f"conversation:{CONVERSATION}")
    here.rooms_now = ("department:support",)
    await here.leaves("1")
    assert here.shown[-1][1] == ("department:support", f"conversation:{CONVERSATION}")


async def test_who_connects_is_shown_what_they_may_see_alone() -> None:
    here, there = Process(), Process()
    here.others = [there]
    await here.opens("1", ANA)
    for process in (here, there):
        assert process.shows(ROOMS) == [users(ANA)]
        assert process.shows(["department:support"]) == []
        assert process.shows(ROOMS, TenantId(uuid4())) == []


async def test_a_process_that_died_is_believed_no_longer_and_a_lost_sign_is_repeated() -> None:
    here, there = Process(), Process()
    await here.opens("1", ANA)
    here.others = [there]  # the first sign was lost
    await here.repeats()
    assert there.last == users(ANA)
    there.time += viewers.LASTS_S + 1
    await there.repeats()
    assert there.last == []


async def test_a_person_looks_at_the_last_few_only_however_many_sockets_they_have() -> None:
    here = Process()
    opened = [ConversationId(uuid4()) for _ in range(viewers.AT_ONCE + 5)]
    for number, id in enumerate(opened):
        await here.opens(str(number % 3), ANA, id)
    assert list(here.viewers._open) == [str(id) for id in opened[5:]]
    for sid in "012":
        await here.leaves(sid)
    left = here.viewers
    assert (left._open, left._of_user, left._of_company) == ({}, {}, {})


async def test_who_connects_looks_at_the_conversations_of_its_company_alone_and_at_so_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each connect went through every viewed conversation of the hub: 20,000 of another company were 0.2 s."""
    monkeypatch.setattr(viewers, "MOST_SHOWN", 3)
    here, there, asked = Process(), Process(), []
    here.others = [there]
    for _ in range(5):
        await here.opens("1", ANA, ConversationId(uuid4()))
    for process in (here, there):
        process.viewers._rooms_now = lambda *which: asked.append(which) or ()  # type: ignore[func-returns-value]
        assert len(process.shows(ROOMS)) == len(asked) == 3
        assert process.shows(ROOMS, TenantId(uuid4())) == []
        assert len(asked) == 3
        asked.clear()


async def test_what_nobody_looks_at_any_more_is_forgotten_in_every_process() -> None:
    here, there = Process(), Process()
    here.others = [there]
    for sid in ("1", "2"):
        await here.opens(sid, ANA, ConversationId(uuid4()))
    await here.leaves("1")
    assert there.shows(ROOMS) == [users(ANA)]
    here.viewers._open.clear()  # its sign of the second one is lost
    here.time += viewers.REPEAT_S
    await here.repeats()
    assert (there.shows(ROOMS), there.viewers._of_company) == ([], {})


def test_what_is_no_sign_of_viewers_is_left_to_others() -> None:
    for said in (b"", b"{}", b'{"conversationId":"c1","userId":null,"typing":true}'):
        assert not Process().viewers.hear(said)
