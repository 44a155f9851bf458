"""What may be kept as a person's preferences."""

from __future__ import annotations

import pytest

from whatsapp_hub.domain.accounts.preferences import MOST_VIEWS, Preferences, SavedView
from whatsapp_hub.domain.errors import Invalid


def test_views_have_a_name_of_their_own_and_an_address() -> None:
    views = (SavedView("Late", "view=all&late=1"), SavedView(" ", "view=mine"), SavedView("Late", ""))
    with pytest.raises(Invalid) as refused:
        Preferences(views)
    assert [flaw.pointer for flaw in refused.value.flaws] == ["/views/1/name", "/views/2/query", "/views/2/name"]


def test_there_are_so_many_views_at_most() -> None:
    Preferences(tuple(SavedView(f"{n}", "view=all") for n in range(MOST_VIEWS)))
    with pytest.raises(Invalid):
        Preferences(tuple(SavedView(f"{n}", "view=all") for n in range(MOST_VIEWS + 1)))


def test_what_cannot_be_stored_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        Preferences((SavedView("a\x00", "view=all"),))
    assert refused.value.flaws[0].pointer == "/views/0/name"
