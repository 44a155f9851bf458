"""Places that companies share."""

import asyncio

import pytest

from whatsapp_hub.application.fair_shares import FairShares


async def test_one_owner_leaves_places_to_others() -> None:
    shares = FairShares[str](places=6, of_one=4, kept=1)
    for _ in range(4):
        await shares.enter("a")
    fifth = asyncio.create_task(shares.enter("a"))
    await asyncio.sleep(0)
    assert not fifth.done()
    async with asyncio.timeout(1):
        await shares.enter("b")
    second_of_b = asyncio.create_task(shares.enter("b"))
    await asyncio.sleep(0)
    assert not second_of_b.done()  # the last place is for who has none
    async with asyncio.timeout(1):
        await shares.enter("c")
    shares.leave("a")
    await asyncio.sleep(0)
    assert not fifth.done()
    shares.leave("a")
    await asyncio.sleep(0)
    assert [fifth.done(), second_of_b.done()].count(True) == 1


async def test_owners_take_turns_however_long_their_lines_are() -> None:
    shares = FairShares[str](places=1, of_one=1)
    await shares.enter("a")
    got: list[str] = []

    async def wait(owner: str) -> None:
        async with shares.place(owner):
            got.append(owner)

    waiting = [asyncio.create_task(wait("a")) for _ in range(50)]
    await asyncio.sleep(0)
    waiting += [asyncio.create_task(wait("b")), asyncio.create_task(wait("b"))]
    await asyncio.sleep(0)
    shares.leave("a")
    await asyncio.gather(*waiting)
    assert got[:4] in (["a", "b", "a", "b"], ["b", "a", "b", "a"])
    assert len(got) == 52


async def test_the_hub_itself_may_have_all() -> None:
    shares = FairShares[str](places=3, of_one=1, kept=1)
    for _ in range(3):
        async with asyncio.timeout(1):
            await shares.enter(None)


async def test_who_gives_up_leaves_nothing_behind() -> None:
    shares = FairShares[str](places=1, of_one=1)
    await shares.enter("a")
    for _ in range(10):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await shares.enter("b")
    last = asyncio.create_task(shares.enter("c"))
    await asyncio.sleep(0)
    shares.leave("a")
    last.cancel()  # at the moment at which its turn came
    with pytest.raises(asyncio.CancelledError):
        await last
    async with asyncio.timeout(1):
        await shares.enter("d")
    shares.leave("d")
    assert (shares._taken, dict(shares._held), shares._lines) == (0, {}, {})
