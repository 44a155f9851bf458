"""What a move to another provider would lose."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from whatsapp_hub.domain.messaging.capabilities import Capabilities, Feature, Limit
from whatsapp_hub.domain.messaging.contact import Identity, IdentityKind
from whatsapp_hub.domain.messaging.content import Document, MessageType, Poll, Revoke, Text
from whatsapp_hub.domain.sessions.moving import Affected, LossCode, Waiting, foreseen, is_restricted, names_by
from whatsapp_hub.domain.sessions.session import SessionStatus

NOW = datetime(2026, 11, 27, tzinfo=UTC)
WEB = Capabilities(
    "WEB",
    {kind: Limit(4096) for kind in (MessageType.TEXT, MessageType.POLL, MessageType.DOCUMENT)},
    frozenset({Feature.EDIT, Feature.REVOKE, Feature.GROUPS, Feature.QR_CODE, Feature.HISTORY, Feature.REPLY}),
    holds_socket=True,
    addresses=frozenset({IdentityKind.PHONE, IdentityKind.LID}),
)
CLOUD = Capabilities(
    "CLOUD",
    {kind: Limit(10) for kind in (MessageType.TEXT, MessageType.DOCUMENT, MessageType.TEMPLATE)},
    frozenset({Feature.WEBHOOKS, Feature.REPLY, Feature.TEMPLATES}),
    reply_window_h=24,
    id_prefix="wamid.",
)
ANA = (Identity.phone("5511999990000"),)
HIDDEN = (Identity.lid("77"),)
GROUP = (Identity.chat("1@g.us"),)


NOTHING = Affected()


def losses(affected: Affected = NOTHING, after: Capabilities = CLOUD) -> dict[LossCode, int]:
    """Each code with its count, added up; 0: not counted."""
    found: dict[LossCode, int] = {}
    for loss in foreseen(WEB, after, affected, lambda id: id.startswith("wamid."), NOW):
        assert loss.detail
        found[loss.code] = found.get(loss.code, 0) + (loss.count or 0)
    return found


def test_a_move_to_the_same_abilities_loses_nothing_but_the_link() -> None:
    assert set(losses(after=replace(WEB, provider="OTHER"))) == {LossCode.HISTORY, LossCode.UNLINKED, LossCode.LINK}


def test_kinds_and_features_that_the_new_one_has_not_are_named() -> None:
    found = {loss.code: loss for loss in foreseen(WEB, CLOUD, Affected(), lambda _: True, NOW)}
    assert found[LossCode.KINDS].names == ("POLL",)
    assert found[LossCode.FEATURES].names == ("edit", "groups", "history", "revoke")
    assert {LossCode.WINDOW, LossCode.EARLIER_MESSAGES, LossCode.WEBHOOK} <= set(found)


def test_conversations_that_cannot_be_answered_are_counted() -> None:
    found = losses(Affected(groups=2, windows_shut=3, files=4))
    assert (found[LossCode.GROUPS], found[LossCode.WINDOWS_SHUT], found[LossCode.FILES]) == (2, 3, 4)
    assert LossCode.GROUPS not in losses(Affected(groups=2), after=WEB)


@pytest.mark.parametrize(
    "waiting",
    [
        Waiting(Poll("Qual?", options=("a", "b")), ANA),
        Waiting(Text("longer than ten"), ANA),
        Waiting(Text("oi"), HIDDEN),
        Waiting(Text("oi"), GROUP),
        Waiting(Text("oi"), ANA, window_closes_at=NOW - timedelta(seconds=1)),
        Waiting(Revoke("3EB0AA"), ANA),
    ],
)
def test_waiting_messages_that_would_fail_are_counted(waiting: Waiting) -> None:
    assert losses(Affected((waiting,), 1))[LossCode.QUEUED_UNSENT] == 1


def test_what_goes_is_not_counted_as_failing() -> None:
    open_until = NOW + timedelta(hours=1)
    waiting = (
        Waiting(Text("oi"), ANA, window_closes_at=open_until),
        Waiting(Text("oi"), ANA, "3EB0AA", open_until),
        Waiting(Text("oi"), ANA, "wamid.A", open_until),
        Waiting(Text("oi"), ANA),
        Waiting(Document(), ANA, window_closes_at=open_until),
    )
    found = losses(Affected(waiting, 5))
    assert LossCode.QUEUED_UNSENT not in found
    assert found[LossCode.QUEUED_QUOTES] == 1
    assert found[LossCode.QUEUED_DOUBTFUL] == 1
    assert found[LossCode.UPLOADS] == 1


def test_an_id_belongs_to_the_provider_whose_ids_begin_so() -> None:
    kinds = {"CLOUD": CLOUD, "WEB": WEB, "OTHER": replace(WEB, provider="OTHER")}
    pairs = (("CLOUD", "wamid.A"), ("CLOUD", "3EB0"), ("WEB", "3EB0"), ("OTHER", "3EB0"), ("WEB", "wamid.A"))
    assert [names_by(kinds, kind, id) for kind, id in pairs] == [True, False, True, True, False]


def test_a_number_is_restricted_when_banned_or_writing_to_nobody_new() -> None:
    assert is_restricted(SessionStatus.BANNED, None)
    assert is_restricted(SessionStatus.CONNECTED, "reachout_timelock")
    assert not is_restricted(SessionStatus.CONNECTED, None)
    assert not is_restricted(SessionStatus.FAILED, "no_network")
