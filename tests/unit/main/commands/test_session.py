"""Lines that the command line shows of a session's history."""

from datetime import UTC, datetime, timedelta

from whatsapp_hub.domain.sessions.history import HistoryEntry, HistoryKind
from whatsapp_hub.main.commands.session import entry_line

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def test_a_line_says_when_how_often_what_and_why() -> None:
    first = HistoryEntry.of(HistoryKind.DIAL_FAILED, AT, "no_network")
    both = HistoryEntry.of(HistoryKind.DIAL_FAILED, AT + timedelta(minutes=3), "no_network", count=4).added_to(first)
    assert entry_line(both) == "2026-03-04 05:06:07 to 05:09:07  5x dial_failed  no_network"
    assert entry_line(HistoryEntry.of(HistoryKind.STATUS, AT, None, "CONNECTED")) == "2026-03-04 05:06:07  CONNECTED"
