"""What a session's history says, and what of it is one entry."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.connection import ConnectionReport, ConnectionState, ReconnectPolicy, noted
from whatsapp_hub.domain.sessions.history import ADDED_UP_WITHIN, REASON_LENGTH, HistoryEntry, HistoryKind
from whatsapp_hub.domain.sessions.session import Routing, Session, SessionStatus

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
POLICY = ReconnectPolicy(attempts=0)
LOST = ConnectionReport(SessionStatus.RECONNECTING, "connection_lost")
NO_NETWORK = ConnectionReport(SessionStatus.DISCONNECTED, "no_network")
CONNECTED = ConnectionReport(SessionStatus.CONNECTED)


def entry(kind: HistoryKind, minutes: float = 0, reason: str | None = None, count: int = 1) -> HistoryEntry:
    return HistoryEntry.of(kind, NOW + timedelta(minutes=minutes), reason, count=count)


def session() -> Session:
    return Session(SessionId(UUID(int=1)), TenantId(UUID(int=2)), "s", "S", "NEONIZE", Routing.NONE, NOW, NOW)


def test_each_new_status_and_reason_is_noted_and_a_renewed_code_is_not() -> None:
    one = session()
    one.start(NOW)
    for code in ("1", "2", "3"):
        one.move(SessionStatus.QR_PENDING, NOW, None, code)
    one.move(SessionStatus.CONNECTED, NOW)
    one.move(SessionStatus.CONNECTED, NOW)
    one.move(SessionStatus.CONNECTED, NOW, "degraded")
    one.log_out(NOW, "logged_out")
    taken = one.take_history()
    assert [(each.status, each.reason) for each in taken] == [
        ("CONNECTING", None),
        ("QR_PENDING", None),
        ("CONNECTED", None),
        ("CONNECTED", "degraded"),
        ("LOGGED_OUT", "logged_out"),
    ]
    assert one.take_history() == ()


def test_the_copy_in_an_event_carries_no_history() -> None:
    one = session()
    one.start(NOW)
    [event] = one.take_events()
    assert event.subjects["session"].take_history() == ()  # type: ignore[attr-defined] # the session of the event


def test_what_says_the_same_within_an_hour_is_one_entry() -> None:
    first, later = entry(HistoryKind.UNDECRYPTABLE), entry(HistoryKind.UNDECRYPTABLE, 59, count=7)
    assert later.adds_to(first)
    both = later.added_to(first)
    assert (both.at, both.until, both.count) == (first.at, later.until, 8)
    assert later.added_to(first) == first.added_to(later)


@pytest.mark.parametrize(
    "other",
    [
        entry(HistoryKind.UNDECRYPTABLE, ADDED_UP_WITHIN / timedelta(minutes=1)),
        entry(HistoryKind.STORE_FAILED, 1),
        entry(HistoryKind.UNDECRYPTABLE, 1, "no_session"),
    ],
)
def test_what_is_later_or_says_something_else_is_an_entry_of_its_own(other: HistoryEntry) -> None:
    assert not other.adds_to(entry(HistoryKind.UNDECRYPTABLE))


@pytest.mark.parametrize("kind", [HistoryKind.STATUS, HistoryKind.TAKEN_OVER])
def test_a_status_is_never_added_to_another(kind: HistoryKind) -> None:
    assert not entry(kind, 1).adds_to(entry(kind))


def test_a_reason_is_cut_and_can_be_stored() -> None:
    noted_entry = entry(HistoryKind.STORE_FAILED, reason="a\x00b" + "x" * 500)
    assert noted_entry.reason is not None
    assert noted_entry.reason.startswith("a\ufffdb")
    assert len(noted_entry.reason) == REASON_LENGTH


def steps(*reports: ConnectionReport) -> list[tuple[HistoryKind, str | None]]:
    """What a number that was connected adds beside its statuses."""
    state = ConnectionState(SessionStatus.CONNECTED, is_on=True, has_paired=True, is_up=True)
    found: list[tuple[HistoryKind, str | None]] = []
    for report in reports:
        before, state = state, state.reported(report, NOW, POLICY, 0.5)
        found += noted(before, state)
    return found


def test_a_loss_is_a_status_and_each_dial_that_fails_says_why() -> None:
    assert steps(LOST) == []
    assert steps(LOST, NO_NETWORK, NO_NETWORK) == [(HistoryKind.DIAL_FAILED, "no_network")] * 2


def test_losses_in_a_storm_are_counted_although_no_status_tells_them() -> None:
    told = steps(*([LOST, CONNECTED] * (POLICY.storm_losses + 3)))
    assert told == [(HistoryKind.LOST, None)] * 3


def test_a_number_found_dead_lost_its_connection_and_has_no_dial_that_failed() -> None:
    up = ConnectionState(SessionStatus.CONNECTED, is_on=True, has_paired=True, is_up=True)
    assert list(noted(up, up.recycled("silent", NOW, POLICY, 0.5))) == []


def test_one_that_gives_up_is_a_status() -> None:
    once = ReconnectPolicy(attempts=1)
    dialling = ConnectionState(SessionStatus.CONNECTING, is_on=True)
    failed = dialling.reported(NO_NETWORK, NOW, once, 0.5)
    assert failed.status is SessionStatus.FAILED
    assert list(noted(dialling, failed)) == []
