"""A copy holds all messages, page by page, and notes where they are wanted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.contracts.storage.world import a_phone
from tests.unit.application.office import Office
from whatsapp_hub.application.reading.copy_conversation import PAGE, CopyConversation
from whatsapp_hub.application.reading.queries import Page, Sight, Stretch
from whatsapp_hub.application.reading.visibility import is_in
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import NotFound

COUNT = 2 * PAGE + 5


class FakeQueries:
    """One conversation with many messages, two notes and no users."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self.messages: list[Any] = [SimpleNamespace(seq=n + 1) for n in range(COUNT)]

    async def user(self, _: object, user_id: object) -> Any:
        return SimpleNamespace(id=user_id, department_id=None)

    async def conversation(self, _: object, sight: Sight, __: object) -> Conversation:
        if not is_in(sight, self._conversation):
            raise NotFound("conversation", self._conversation.id)
        return self._conversation

    async def contact_of(self, *_: object) -> str:
        return "the contact"

    async def notes(self, _: object, __: object, ___: int, cursor: str | None) -> Page[str]:
        return Page(["second"]) if cursor else Page(["first"], "more")

    async def users(self, *_: object) -> Page[Any]:
        return Page([])

    async def messages_after(self, _: object, __: object, seq: int, limit: int) -> Stretch:
        rest = [m for m in self.messages if m.seq > seq]
        return Stretch(rest[:limit], None, len(rest) > limit)


async def test_a_copy_is_whole_and_notes_are_taken_only_if_wanted(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    queries = FakeQueries(conversation)
    copy_conversation = CopyConversation(office.storage, queries)  # type: ignore[arg-type] # what a copy needs of it
    copy = await copy_conversation(office.admin, conversation.id, "json", with_notes=True)
    assert [m.seq async for page in copy.messages for m in page] == list(range(1, COUNT + 1))
    assert [page async for page in copy.notes] == [["first"], ["second"]], "a page at a time"
    plain = await copy_conversation(office.admin, conversation.id, "html", with_notes=False)
    assert [page async for page in plain.notes] == []


async def test_what_one_may_not_see_is_not_copied(office: Office) -> None:
    conversation = await office.queued(await office.department("Vendas"))
    stranger = await office.person(None)
    copy_conversation = CopyConversation(office.storage, FakeQueries(conversation))  # type: ignore[arg-type] # as above
    with pytest.raises(NotFound):
        await copy_conversation(office.as_(stranger), conversation.id, "json", with_notes=False)
