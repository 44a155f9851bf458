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

    async def test_what_a_provider_has_already_is_known_by_session_and_time(self, world: World) -> None:
        media, here = uploaded(world.tenant.id, b"%PDF-1", "application/pdf", "bill.pdf", NOW), world.session.id
        another = (await world.add_session()).id
        await world.done(lambda uow: uow.media.add(media))
        await world.done(lambda uow: uow.media.keep_upload(here, media.id, "m1", NOW))
        await world.done(lambda uow: uow.media.keep_upload(another, media.id, "m2", NOW))
        await world.done(lambda uow: uow.media.keep_upload(here, media.id, "m3", NOW + timedelta(days=1)))
        await world.done(lambda uow: uow.media.forget_upload(another, media.id))
        async with world.uow() as uow:
            assert await uow.media.upload(here, media.id, NOW) == "m3"
            assert await uow.media.upload(here, media.id, NOW + timedelta(days=2)) is None
            assert await uow.media.upload(another, media.id, NOW) is None
