"""The inbox's views narrow what is asked, and never widen it."""

from dataclasses import replace
from uuid import uuid4

import pytest

from whatsapp_hub.application.reading.conversation_filter import ConversationFilter, InboxView, Reader, viewed
from whatsapp_hub.domain.conversations.conversation import LIVE, ConversationStatus
from whatsapp_hub.domain.ids import DepartmentId, UserId

READER = Reader(UserId(uuid4()), DepartmentId(uuid4()))
ANY = ConversationFilter()


def test_mine_are_the_readers_live_ones_that_are_not_snoozed() -> None:
    assert viewed(InboxView.MINE, READER, ANY) == ConversationFilter(
        LIVE, assigned_user_id=READER.user_id, snoozed=False
    )


def test_a_view_keeps_what_else_is_asked() -> None:
    asked = ConversationFilter(label="vip", search="bea", unread=True)
    assert viewed(InboxView.ALL, READER, asked) == replace(asked, statuses=LIVE)


@pytest.mark.parametrize(
    ("view", "asked"),
    [
        (InboxView.MINE, ConversationFilter(assigned_user_id=UserId(uuid4()))),
        (InboxView.MINE, ConversationFilter(snoozed=True)),
        (InboxView.DEPARTMENT, ConversationFilter(department_id=DepartmentId(uuid4()))),
        (InboxView.BOT, ConversationFilter(bot=False)),
        (InboxView.UNASSIGNED, ConversationFilter(bot=True)),
        (InboxView.RESOLVED, ConversationFilter(LIVE)),
        (InboxView.UNASSIGNED, ConversationFilter(frozenset({ConversationStatus.ASSIGNED}))),
    ],
)
def test_nothing_is_in_a_view_that_contradicts_what_is_asked(view: InboxView, asked: ConversationFilter) -> None:
    assert viewed(view, READER, asked) is None


def test_who_is_no_user_or_has_no_department_has_none_of_their_own() -> None:
    nobody = Reader(None, None)
    assert [view for view in InboxView if viewed(view, nobody, ANY) is None] == [
        InboxView.MINE,
        InboxView.WAITING,
        InboxView.DEPARTMENT,
    ]
