"""The record of stored files: what is announced, named, and collected."""

from datetime import timedelta

from tests.contracts.storage.world import NOW, World
from tests.fakes.files import digest_of, uploaded

FILE = digest_of(b"%PDF")
AT_ONCE = timedelta()


class FileContract:
    async def test_an_announced_file_has_an_hour(self, world: World) -> None:
        await world.done(lambda uow: uow.files.announce(FILE))
        assert await world.done(lambda uow: uow.files.take_unnamed(9)) == []

    async def test_one_that_nothing_names_is_collected_and_may_then_come_again(self, world: World) -> None:
        await world.done(lambda uow: uow.files.announce(FILE, AT_ONCE))
        assert await world.done(lambda uow: uow.files.take_unnamed(9)) == [FILE.sha256]
        assert not await world.done(lambda uow: uow.files.announce(FILE)), "it is being deleted"
        assert await world.done(lambda uow: uow.files.take_unnamed(9)) == [], "by one only"
        await world.done(lambda uow: uow.files.forget([FILE.sha256]))
        assert await world.done(lambda uow: uow.files.announce(FILE))

    async def test_one_that_a_row_names_is_not_looked_at_again(self, world: World) -> None:
        await world.done(lambda uow: uow.files.announce(FILE, AT_ONCE))
        media = uploaded(world.tenant.id, b"%PDF", "application/pdf", "a.pdf", NOW)
        await world.done(lambda uow: uow.media.add(media))
        for _ in range(2):
            assert await world.done(lambda uow: uow.files.take_unnamed(9)) == []

    async def test_a_collection_that_died_is_taken_over(self, world: World) -> None:
        await world.done(lambda uow: uow.files.announce(FILE, AT_ONCE))
        await world.done(lambda uow: uow.files.take_unnamed(9))
        assert await world.done(lambda uow: uow.files.take_unnamed(9)) == []
        assert await world.done(lambda uow: uow.files.take_unnamed(9, AT_ONCE)) == [FILE.sha256]
