"""A message without a timestamp, or with one that cannot be, was written when it was received (contract G)."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.adapters.providers.lenient import instant
from whatsapp_hub.adapters.providers.meta_cloud.inbound import translate as of_meta
from whatsapp_hub.adapters.providers.waha.inbound import translate as of_waha
from whatsapp_hub.application.ports.provider.events import MessageSeen, OtherSeen, ProviderEvent, SessionSeen
from whatsapp_hub.application.ports.provider.plugin import UNKNOWN_TIME
from whatsapp_hub.application.receiving.timing import AHEAD, timed, written_at
from whatsapp_hub.domain.sessions.session import SessionStatus

RECEIVED = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECONDS = int(RECEIVED.timestamp())
NONE = object()
UNREADABLE = [
    NONE,
    None,
    "",
    "soon",
    0,
    -1,
    "0",
    "-5",
    True,
    [],
    {},
    "2026",
    1e300,
    "1e999",
    "nan",
    10**400,
    5_000_000_000,
]


def waha(timestamp: object) -> ProviderEvent:
    payload = {"id": "false_5511987654321@c.us_AAA", "from": "5511987654321@c.us", "body": "Oi", "timestamp": timestamp}
    if timestamp is NONE:
        del payload["timestamp"]
    [event] = of_waha(msgspec.json.encode({"event": "message", "session": "default", "payload": payload}))
    return timed(event, RECEIVED)


def meta(timestamp: object) -> ProviderEvent:
    item = {"from": "5511987654321", "id": "wamid.A", "type": "text", "text": {"body": "Oi"}, "timestamp": timestamp}
    if timestamp is NONE:
        del item["timestamp"]
    [event] = of_meta(msgspec.json.encode({"kind": "message", "item": item}))
    return timed(event, RECEIVED)


@pytest.mark.parametrize("timestamp", UNREADABLE, ids=repr)
@pytest.mark.parametrize("provider", [waha, meta])
def test_a_message_without_a_readable_time_was_written_now(provider: object, timestamp: object) -> None:
    if timestamp == 10**400:
        timestamp = "9" * 400
    event = provider(timestamp)  # type: ignore[operator] # one of the two above
    assert isinstance(event, MessageSeen)
    assert event.at == RECEIVED


@pytest.mark.parametrize(
    "timestamp",
    [SECONDS, str(SECONDS), float(SECONDS), f"{SECONDS}.0", SECONDS * 10**3, str(SECONDS * 10**3), SECONDS * 10**6,
     SECONDS * 10**9, "2026-03-02T12:00:00Z", "2026-03-02T09:00:00-03:00", " 2026-03-02 12:00:00 "],
)  # fmt: skip
@pytest.mark.parametrize("provider", [waha, meta])
def test_seconds_and_their_thousandths_are_read_in_every_form(provider: object, timestamp: object) -> None:
    assert provider(timestamp).at == RECEIVED  # type: ignore[operator] # one of the two above


@given(st.timedeltas(timedelta(days=-6000), AHEAD))
def test_a_time_of_the_past_and_a_clock_somewhat_ahead_are_believed(apart: timedelta) -> None:
    assert written_at(RECEIVED + apart, RECEIVED) == RECEIVED + apart


@given(st.timedeltas(AHEAD + timedelta(seconds=1), timedelta(days=20_000)))
def test_a_time_to_come_is_not_believed(apart: timedelta) -> None:
    assert written_at(RECEIVED + apart, RECEIVED) == RECEIVED


@given(st.none() | st.integers() | st.floats() | st.text(max_size=30) | st.booleans())
def test_no_value_raises_or_gives_a_time_that_cannot_be(value: object) -> None:
    at = instant(value)
    assert UNKNOWN_TIME <= at < datetime(2100, 1, 1, tzinfo=UTC)


def test_every_kind_of_event_gets_a_time_that_can_be() -> None:
    state = SessionSeen(SessionStatus.CONNECTED, UNKNOWN_TIME)
    assert timed(state, RECEIVED) == SessionSeen(SessionStatus.CONNECTED, RECEIVED)
    assert timed(OtherSeen("calls"), RECEIVED) == OtherSeen("calls")
    naive = SessionSeen(SessionStatus.CONNECTED, RECEIVED.replace(tzinfo=None))
    assert timed(naive, RECEIVED).at == RECEIVED
