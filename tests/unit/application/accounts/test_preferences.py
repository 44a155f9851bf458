"""What a person has set for themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.application.office import Office
from whatsapp_hub.application.accounts.preferences import KeepPreferences, ReadPreferences
from whatsapp_hub.domain.accounts.preferences import MOST_VIEWS, Preferences, SavedView, Theme
from whatsapp_hub.domain.errors import Forbidden, Invalid

LATE = SavedView("Late", "view=all&late=1")


async def test_they_are_ones_own_and_kept_as_a_whole(office: Office) -> None:
    keep, read = office.use(KeepPreferences), office.use(ReadPreferences)
    ana, bia = office.as_(await office.person()), office.as_(await office.person())
    assert await read(ana) == Preferences()
    await keep(ana, Preferences(views=(LATE,), theme=Theme.DARK))
    await keep(ana, Preferences(theme=Theme.LIGHT))
    assert (await read(ana), await read(bia)) == (Preferences(theme=Theme.LIGHT), Preferences())


async def test_a_program_has_none(office: Office) -> None:
    program = replace(office.admin, user_id=None)
    with pytest.raises(Forbidden):
        await office.use(ReadPreferences)(program)
    with pytest.raises(Forbidden):
        await office.use(KeepPreferences)(program, Preferences())


def test_views_have_names_of_their_own_and_are_bounded() -> None:
    with pytest.raises(Invalid) as told:
        Preferences(views=(LATE, LATE, SavedView(" ", "x" * 501)))
    assert {flaw.pointer for flaw in told.value.flaws} == {"/views/1/name", "/views/2/name", "/views/2/query"}
    with pytest.raises(Invalid):
        Preferences(views=tuple(SavedView(f"view {n}", "q=1") for n in range(MOST_VIEWS + 1)))
