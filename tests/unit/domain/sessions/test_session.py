from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.build import NOW, minutes, session
from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.sessions.session import SessionStatus, check_key

KEY_CHARACTERS = "ABCXYZabcxyz0123456789_.:@+-"
RESERVED = ["init", "create", "me", "session", "sessions", "send", "stream", "status", "deliveries"]
EVENT_OF = {
    SessionStatus.CONNECTING: EventType.SESSION_STARTED,
    SessionStatus.QR_PENDING: EventType.SESSION_QR,
    SessionStatus.CONNECTED: EventType.SESSION_CONNECTED,
    SessionStatus.DISCONNECTED: EventType.SESSION_DISCONNECTED,
    SessionStatus.RECONNECTING: EventType.SESSION_DISCONNECTED,
    SessionStatus.LOGGED_OUT: EventType.SESSION_DISCONNECTED,
    SessionStatus.BANNED: EventType.SESSION_ERROR,
    SessionStatus.FAILED: EventType.SESSION_ERROR,
}


@given(st.text(KEY_CHARACTERS, min_size=1, max_size=128).filter(lambda key: key.lower() not in RESERVED))
def test_a_key_has_1_to_128_of_the_allowed_characters(key: str) -> None:
    assert check_key(key, "session_id") == key


@pytest.mark.parametrize("key", ["", "a" * 129, "a b", "a/b", "ação", "a\n", "a\x00", "#1", "a?b", "٣"])
def test_any_other_key_is_refused_and_the_field_named(key: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_key(key, "agent_id")
    assert caught.value.flaws[0].pointer == "/agent_id"


@pytest.mark.parametrize("word", [*RESERVED, "Init", "SESSIONS"])
def test_words_that_are_paths_are_refused_as_keys(word: str) -> None:
    with pytest.raises(Invalid, match="reserved"):
        check_key(word, "sessionId")


@given(st.text())
def test_no_text_raises_anything_but_invalid(text: str) -> None:
    with suppress(Invalid):
        assert check_key(text, "sessionId") == text


def test_the_agent_defaults_to_the_sessions_key() -> None:
    assert session(key="shop").agent_id == "shop"
    assert session(key="shop", agent_id="robot-7").agent_id == "robot-7"


@pytest.mark.parametrize(("field", "pointer"), [("key", "/session_id"), ("agent_id", "/agent_id")])
def test_a_session_is_not_made_with_a_bad_key(field: str, pointer: str) -> None:
    with pytest.raises(Invalid) as caught:
        session(**{field: "a b"})
    assert caught.value.flaws[0].pointer == pointer


@pytest.mark.parametrize("status", [status for status in SessionStatus if status is not SessionStatus.DISCONNECTED])
def test_every_new_status_is_one_event(status: SessionStatus) -> None:
    one = session()
    assert one.move(status, NOW, "because")
    [event] = one.take_events()
    assert event.type is EVENT_OF[status]
    assert event.detail == {"reason": "because", "was": "DISCONNECTED"}
    assert event.subjects["session"].status is status


moves = st.lists(st.tuples(st.sampled_from(SessionStatus), st.sampled_from([None, "degraded", "banned_until"])))


@given(moves)
def test_no_state_is_told_twice_in_a_row(reports: list[tuple[SessionStatus, str | None]]) -> None:
    one = session()
    for status, said in reports:
        reason = said or ("unexplained" if status in ("FAILED", "BANNED", "LOGGED_OUT") else None)
        is_news = (status, reason) != (one.status, one.status_reason)
        assert one.move(status, NOW, said) is is_news
        assert len(one.take_events()) == is_news
        assert (one.status, one.status_reason) == (status, reason)


def test_another_reason_for_the_same_status_is_told() -> None:
    one = session()
    one.move(SessionStatus.FAILED, NOW, "no_network")
    assert one.move(SessionStatus.FAILED, NOW, "client_outdated")
    assert len(one.take_events()) == 2


@given(moves)
def test_a_code_is_kept_only_while_it_can_be_scanned(reports: list[tuple[SessionStatus, str | None]]) -> None:
    one = session(qr_code="2@abc", status=SessionStatus.QR_PENDING)
    for status, reason in reports:
        one.move(status, NOW, reason)
        assert one.qr_code is None or one.status is SessionStatus.QR_PENDING


def test_starting_turns_it_on_and_connects() -> None:
    one = session()
    one.start(NOW + minutes(1))
    assert (one.is_active, one.status, one.updated_at) == (True, SessionStatus.CONNECTING, NOW + minutes(1))
    assert [event.type for event in one.take_events()] == [EventType.SESSION_STARTED]


def test_starting_twice_is_told_once() -> None:
    one = session()
    one.start(NOW)
    one.start(NOW)
    assert len(one.take_events()) == 1


def test_starting_what_is_connected_is_a_conflict() -> None:
    one = session(is_active=True, status=SessionStatus.CONNECTED)
    with pytest.raises(Conflict) as caught:
        one.start(NOW)
    assert caught.value.code == "already_connected"
    assert one.take_events() == []


def test_stopping_turns_it_off_with_the_reason_once() -> None:
    one = session(is_active=True, status=SessionStatus.CONNECTED)
    one.stop(NOW)
    one.stop(NOW)
    assert (one.is_active, one.status, one.status_reason) == (False, SessionStatus.DISCONNECTED, "stopped")
    assert len(one.take_events()) == 1


def test_refused_credentials_stop_sending_until_an_operator_mends_them() -> None:
    one = session(is_active=True, status=SessionStatus.CONNECTED)
    one.break_credentials("190", NOW)
    assert (one.status, one.status_reason) == (SessionStatus.FAILED, "credentials_invalid: 190")
    assert not one.may_send
    assert [event.type for event in one.take_events()] == [EventType.SESSION_ERROR]


@pytest.mark.parametrize("is_active", [True, False])
@pytest.mark.parametrize("status", SessionStatus)
def test_only_an_active_session_with_a_line_may_send(status: SessionStatus, is_active: bool) -> None:
    has_line = status in (SessionStatus.CONNECTED, SessionStatus.RECONNECTING)
    assert session(status=status, is_active=is_active).may_send is (is_active and has_line)


def test_an_event_never_carries_the_providers_settings() -> None:
    one = session(settings={"accessToken": "secret"})
    one.move(SessionStatus.CONNECTED, NOW)
    [event] = one.take_events()
    assert event.subjects["session"].settings is None
    assert one.settings == {"accessToken": "secret"}
