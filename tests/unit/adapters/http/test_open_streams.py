"""The callers of open streams: who changed is let go, and where nobody can tell for long, everybody."""

import asyncio
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest

from whatsapp_hub.adapters.http.streams.open_streams import PER_USER, OpenStreams
from whatsapp_hub.application.authentication.callers import Callers
from whatsapp_hub.application.ports.edge.access import AccessChange
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.errors import Conflict, Unauthenticated, Unavailable
from whatsapp_hub.domain.ids import TenantId, UserId

HOME = TenantId(uuid4())


def a_caller() -> Caller:
    user_id = UserId(uuid4())
    return Caller(HOME, Role.ADMIN, f"user:{user_id}", user_id)


def of_user(caller: Caller) -> AccessChange:
    return AccessChange(HOME, caller.user_id)


@pytest.fixture
def streams() -> OpenStreams:
    nothing: Any = None
    return OpenStreams(Callers(nothing, nothing, nothing))


async def signed_out() -> Caller:
    raise Unauthenticated("the sign-in has ended")


async def ends(event: asyncio.Event) -> None:
    async with asyncio.timeout(5):
        await event.wait()


async def test_who_changed_is_let_go_and_others_stay(streams: OpenStreams) -> None:
    gone, staying, asked = a_caller(), a_caller(), asyncio.Event()

    async def same() -> Caller:
        asked.set()
        return staying

    watching = asyncio.create_task(streams.watch())
    with streams.holding(gone, signed_out) as first, streams.holding(staying, same) as second:
        streams.access_changed([of_user(gone), of_user(staying)])
        await ends(first.ended)
        await ends(asked)
        assert (first.code, first.why) == ("unauthenticated", "the sign-in has ended")
        assert not second.ended.is_set()
    watching.cancel()


async def test_who_cannot_be_checked_is_checked_again(streams: OpenStreams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whatsapp_hub.adapters.http.streams.open_streams.AWAY_S", 0.01)
    caller, asked = a_caller(), 0

    async def away_at_first() -> Caller:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise Unavailable("away")
        return await signed_out()

    watching = asyncio.create_task(streams.watch())
    with streams.holding(caller, away_at_first) as stream:
        streams.access_changed([of_user(caller)])
        await ends(stream.ended)
    watching.cancel()
    assert asked == 3


async def test_where_nobody_can_tell_for_long_streams_end(
    streams: OpenStreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whatsapp_hub.application.authentication.callers.DEAF_AFTER_S", -1.0)
    caller = a_caller()

    async def same() -> Caller:
        return caller

    watching = asyncio.create_task(streams.watch())
    with streams.holding(caller, same) as stream:
        streams.access_changed([of_user(caller)])
        await ends(stream.ended)
        assert stream.code == "unavailable"
    watching.cancel()


async def test_a_user_has_as_many_streams_as_sockets(streams: OpenStreams) -> None:
    caller, other = a_caller(), a_caller()
    with ExitStack() as stack:
        for _ in range(PER_USER):
            streams.require_room(caller)
            stack.enter_context(streams.holding(caller, signed_out))
        with pytest.raises(Conflict, match="100 streams"):
            streams.require_room(caller)
        streams.require_room(other)
    streams.require_room(caller)
