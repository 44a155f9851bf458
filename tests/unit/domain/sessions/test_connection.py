"""The life of a session that holds a socket."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.build import NOW, minutes
from whatsapp_hub.domain.sessions import connection as lives
from whatsapp_hub.domain.sessions.connection import ConnectionReport, ConnectionState, ReconnectPolicy, why_dead
from whatsapp_hub.domain.sessions.session import SessionStatus as S

RULES = ReconnectPolicy()
Move = Callable[[ConnectionState, datetime], ConnectionState]


def report(status: S, reason: str | None = None, **more: object) -> Move:
    return lambda life, now: life.reported(ConnectionReport(status, reason, **more), now, RULES, 0.5)  # type: ignore[arg-type]


CODE = report(S.QR_PENDING, code="2@abc")
CONNECTED = report(S.CONNECTED)
LOST = report(S.RECONNECTING, "connection_lost")
DOWN = report(S.DISCONNECTED, "no_network")


def play(*moves: Move, life: ConnectionState | None = None, apart: timedelta = timedelta(seconds=1)) -> ConnectionState:
    life = life or ConnectionState()
    for n, move in enumerate(moves):
        life = move(life, NOW + n * apart)
    return life


def start(life: ConnectionState, now: datetime) -> ConnectionState:
    return life.started(now, RULES)


def dial(life: ConnectionState, now: datetime) -> ConnectionState:
    return life.dialled(now, RULES)


def late(life: ConnectionState, now: datetime) -> ConnectionState:
    return life.late(now, RULES, 0.5, is_held=True)


UP = play(start, dial, CODE, CONNECTED)

REPORTS = st.builds(
    ConnectionReport,
    st.sampled_from(S),
    st.sampled_from([None, "degraded", "replaced", "no_network", "qr_timeout", "client_outdated", lives.CORRUPTED]),
    st.sampled_from([None, "2@abc"]),
    st.sampled_from([None, NOW + minutes(60)]),
)
DICE = st.floats(0, 1)
MOVES = st.one_of(
    st.builds(lambda r, d: lambda life, now: life.reported(r, now, RULES, d), REPORTS, DICE),
    st.sampled_from([lambda life, now: life.redialled(now, RULES)]),
    st.sampled_from([start, dial, lambda life, now: life.restarted(now, RULES), lambda life, _: life.unheld()]),
    st.builds(lambda d, h: lambda life, now: life.late(now, RULES, d, is_held=h), DICE, st.booleans()),
    st.builds(lambda d: lambda life, now: life.recycled("silent", now, RULES, d), DICE),
    st.sampled_from([lambda life, _: life.stopped(), lambda life, _: life.logged_out()]),
)
HISTORIES = st.lists(st.tuples(MOVES, st.integers(0, 400)), max_size=40)


def each_step(history: list[tuple[Move, int]]) -> list[tuple[ConnectionState, ConnectionState, datetime]]:
    steps, life, now = [], ConnectionState(), NOW
    for move, seconds in history:
        now += timedelta(seconds=seconds)
        after = move(life, now)
        steps.append((life, after, now))
        life = after
    return steps


@given(HISTORIES)
def test_a_code_can_be_seen_only_while_it_can_be_scanned(history: list[tuple[Move, int]]) -> None:
    for _, life, _ in each_step(history):
        assert life.code is None or life.status is S.QR_PENDING


@given(HISTORIES)
def test_a_line_that_is_off_is_closed_and_waits_for_nothing(history: list[tuple[Move, int]]) -> None:
    for _, life, _ in each_step(history):
        if not life.is_on:
            assert life.status in (S.DISCONNECTED, S.FAILED, S.BANNED, S.LOGGED_OUT)
            assert (life.is_up, life.dial_at, life.deadline_at, life.pairing_until) == (False, None, None, None)


@given(HISTORIES)
def test_the_fence_never_falls_and_every_new_dial_has_a_new_one(history: list[tuple[Move, int]]) -> None:
    for before, after, _ in each_step(history):
        assert after.fence >= before.fence
        if before.is_on != after.is_on or (after.dial_at and after.dial_at != before.dial_at):
            assert after.fence > before.fence


@given(HISTORIES)
def test_whoever_is_on_is_up_or_waits_for_a_time_or_for_a_connector(history: list[tuple[Move, int]]) -> None:
    """Nothing hangs for ever: a dial has a deadline, a rest has an end."""
    for _, life, _ in each_step(history):
        if life.is_on and not life.is_up and life.reason not in (lives.NO_CONNECTOR, lives.CONNECTOR_LOST):
            assert life.dial_at or life.deadline_at or life.status is S.QR_PENDING, life


@given(HISTORIES, REPORTS)
def test_what_is_said_of_a_line_that_was_given_up_changes_nothing(
    history: list[tuple[Move, int]], last: ConnectionReport
) -> None:
    life = play(*(move for move, _ in history)).stopped()
    assert life.reported(last, NOW, RULES, 0.5) == life


@given(st.integers(0, 100), DICE)
def test_the_delay_grows_to_a_cap_and_is_spread(attempts: int, jitter: float) -> None:
    delay = RULES.delay(attempts, jitter)
    whole = RULES.delay(attempts, 1.0)
    assert whole / 2 <= delay <= whole <= RULES.longest_delay
    assert whole >= RULES.delay(attempts - 1, 1.0)


@given(st.integers(1, 10), st.sampled_from([None, "no_network", "pairing_failed"]))
def test_a_number_that_was_never_connected_fails_after_so_many_dials(attempts: int, reason: str | None) -> None:
    rules, life = ReconnectPolicy(attempts=attempts), ConnectionState().started(NOW, RULES)
    for dials in range(1, attempts + 1):
        life = life.dialled(NOW, rules).reported(ConnectionReport(S.DISCONNECTED, reason), NOW, rules, 0.5)
        assert life.is_on is (dials < attempts)
        assert life.status is (S.RECONNECTING if dials < attempts else S.FAILED)
    assert life.reason == (reason or "ended")


@pytest.mark.parametrize("attempts", [0, 3])
@pytest.mark.parametrize(
    ("reason", "longest"),
    [
        ("connect_failure service_unavailable", RULES.longest_delay),
        ("no_network: the proxy's answer: no answer within 10 s", RULES.longest_unreachable),
    ],
)
def test_one_that_was_connected_before_is_dialled_without_end(attempts: int, reason: str, longest: timedelta) -> None:
    """Often where only its network or proxy is at fault: it is back soon after that is mended."""
    rules, life = ReconnectPolicy(attempts=attempts), UP
    for n in range(50):
        life = life.dialled(NOW, rules).reported(ConnectionReport(S.DISCONNECTED, reason), NOW, rules, 1.0)
        assert (life.is_on, life.status, life.attempts) == (True, S.RECONNECTING, n + 1)
    assert life.dial_at == NOW + longest


def test_nobody_scans_and_it_is_closed() -> None:
    life = play(start, dial, CODE)
    assert life.pairing_until == NOW + timedelta(seconds=2) + RULES.pairing
    again = play(CODE, CODE, life=life, apart=minutes(1))
    assert again.pairing_until == life.pairing_until, "a renewed code gives no more time"
    closed = again.late(life.pairing_until or NOW, RULES, 0.5, is_held=True)
    assert (closed.status, closed.reason, closed.is_on) == (S.DISCONNECTED, "qr_timeout", False)


def test_a_code_that_is_too_old_is_shown_no_more_while_the_next_one_is_awaited() -> None:
    life = play(start, dial, CODE)
    assert life.code_until is not None
    assert life.deadline_at == life.code_until + RULES.renewal, "the next one may be a moment late"
    old = late(life, life.code_until or NOW)
    assert (old.status, old.is_on, old.code, old.deadline_at) == (S.QR_PENDING, True, None, life.pairing_until)
    renewed = CODE(old, NOW + RULES.code + minutes(1))
    assert (renewed.code, renewed.pairing_until) == ("2@abc", life.pairing_until)
    closed = late(old, life.pairing_until or NOW)
    assert (closed.status, closed.reason) == (S.DISCONNECTED, "qr_timeout")


def test_a_code_lasts_as_long_as_the_provider_says() -> None:
    short, long = NOW + timedelta(seconds=20), NOW + timedelta(hours=1)
    for until, lasts in ((short, short), (long, NOW + RULES.code), (None, NOW + RULES.code)):
        report = ConnectionReport(S.QR_PENDING, code="2@abc", until=until)
        assert play(start, dial).reported(report, NOW, RULES, 0.5).code_until == lasts


def test_used_up_codes_are_followed_by_new_ones_while_there_is_time() -> None:
    life = play(start, dial, CODE)
    again = life.reported(ConnectionReport(S.DISCONNECTED, "qr_timeout"), NOW + minutes(3), RULES, 0.5)
    assert (again.status, again.is_on, again.fence, again.dial_at) == (S.QR_PENDING, True, life.fence + 1, None)
    assert (
        again.reported(ConnectionReport(S.DISCONNECTED, "qr_timeout"), NOW + minutes(6), RULES, 0.5).reason
        == "qr_timeout"
    )


def test_the_line_that_a_scan_ends_is_not_dialled_by_us() -> None:
    """WhatsApp ends the connection (515) when a phone has scanned, and the provider comes back as somebody."""
    shown = play(start, dial, CODE)
    between = report(S.RECONNECTING, "stream_error")(shown, NOW)
    assert between == shown
    assert CONNECTED(between, NOW).status is S.CONNECTED


def test_scanned_in_the_last_second_it_is_not_given_up() -> None:
    shown = play(start, dial, CODE)
    assert shown.pairing_until
    scanned = report(S.CONNECTING, "paired")(shown, shown.pairing_until)
    assert (scanned.has_paired, scanned.pairing_until) == (True, None)
    assert scanned.deadline_at == shown.pairing_until + RULES.answer
    assert late(scanned, scanned.deadline_at).status is S.RECONNECTING, "its credentials are there: it is dialled again"


def test_connected_it_owes_nothing() -> None:
    assert (UP.status, UP.is_up, UP.has_paired, UP.attempts) == (S.CONNECTED, True, True, 0)
    assert (UP.code, UP.pairing_until, UP.deadline_at, UP.dial_at) == (None, None, None, None)


def test_a_number_that_answers_no_keep_alives_is_down_until_it_answers() -> None:
    life = report(S.RECONNECTING, "degraded")(UP, NOW)
    assert (life.status, life.reason, life.is_up) == (S.RECONNECTING, "degraded", False)
    assert (CONNECTED(life, NOW).status, CONNECTED(life, NOW).reason) == (S.CONNECTED, None)


def test_a_lost_line_may_heal_by_itself_and_is_dialled_anew_if_it_does_not() -> None:
    lost = LOST(UP, NOW)
    assert (lost.status, lost.reason, lost.fence) == (S.RECONNECTING, "connection_lost", UP.fence)
    assert CONNECTED(lost, NOW).status is S.CONNECTED
    assert lost.deadline_at
    dead = late(lost, lost.deadline_at)
    assert (dead.status, dead.reason, dead.fence) == (S.RECONNECTING, "connection_lost", UP.fence + 1)
    assert dead.dial_at


def test_a_hundred_lines_that_are_lost_together_are_dialled_anew_one_by_one() -> None:
    lost = ConnectionReport(S.RECONNECTING, "connection_lost")
    lives = [UP.reported(lost, NOW, RULES, n / 100) for n in range(100)]
    ends = sorted(life.deadline_at - NOW for life in lives if life.deadline_at)
    assert ends[0] == RULES.heal, "the library may restore it for so long"
    assert ends[-1] < 2 * RULES.heal, "its pauses grow: it is back within 30 s only if it is dialled anew"
    assert min(later - earlier for earlier, later in itertools.pairwise(ends)) >= timedelta(seconds=1)


def test_replaced_stays_down_until_somebody_starts_it() -> None:
    life = report(S.DISCONNECTED, "replaced")(UP, NOW)
    assert (life.status, life.reason, life.is_on) == (S.DISCONNECTED, "replaced", False)
    assert start(life, NOW).has_paired


def test_a_ban_with_an_end_is_dialled_again_then() -> None:
    until = NOW + minutes(60)
    life = report(S.BANNED, "101", until=until)(UP, NOW)
    assert (life.status, life.is_on) == (S.BANNED, True)
    assert life.reason == f"banned_until {until.isoformat(timespec='seconds')}"
    assert life.dial_at
    assert life.dial_at > until
    assert dial(life, life.dial_at).status is S.RECONNECTING


def test_a_ban_without_an_end_is_down() -> None:
    life = report(S.BANNED, "105")(UP, NOW)
    assert (life.status, life.reason, life.is_on) == (S.BANNED, "105", False)


def test_an_outdated_client_is_down_and_keeps_its_credentials() -> None:
    life = report(S.FAILED, "client_outdated")(UP, NOW)
    assert (life.status, life.reason, life.is_on) == (S.FAILED, "client_outdated", False)
    assert (life.has_paired, life.must_forget) == (True, False)


@pytest.mark.parametrize("end", [report(S.FAILED, lives.CORRUPTED), report(S.LOGGED_OUT, "401")])
def test_credentials_that_are_gone_or_broken_are_cleared_before_the_next_dial(end: Move) -> None:
    life = end(UP, NOW)
    assert (life.is_on, life.has_paired, life.must_forget, life.is_wanted) == (False, False, True, True)
    assert start(life, NOW).must_forget, "not before they are forgotten"
    assert not life.forgotten().is_wanted


def test_a_silent_line_is_dialled_anew() -> None:
    life = UP.recycled("silent", NOW, RULES, 0.5)
    assert (life.status, life.reason, life.fence) == (S.RECONNECTING, "silent", UP.fence + 1)


def test_one_loss_is_told_once_whatever_the_reasons() -> None:
    life = play(LOST, report(S.RECONNECTING, "stream_error"), DOWN, DOWN, life=UP)
    assert life.reason == "connection_lost"


def told(moves: list[Move], life: ConnectionState, apart: timedelta) -> list[tuple[S, str | None]]:
    """What the log would show: changes of status or reason."""
    seen = []
    for n, move in enumerate(moves):
        after = move(life, NOW + n * apart)
        if (after.status, after.reason) != (life.status, life.reason):
            seen.append((after.status, after.reason))
        life = after
    return seen


def test_a_storm_of_reconnects_is_told_once() -> None:
    flaps = [LOST, CONNECTED] * 500
    news = told(flaps, UP, timedelta(seconds=1))
    assert news.count((S.RECONNECTING, "reconnect_storm")) == 1
    assert len(news) == 2 * (RULES.storm_losses - 1) + 1


def test_after_a_storm_it_is_connected_once_it_has_kept_its_line() -> None:
    stormy = play(*[LOST, CONNECTED] * 6, life=UP)
    assert (stormy.status, stormy.is_up) == (S.RECONNECTING, True)
    assert stormy.deadline_at
    calm = late(stormy, stormy.deadline_at)
    assert (calm.status, calm.reason, calm.losses) == (S.CONNECTED, None, ())


def test_losses_that_are_far_apart_are_no_storm() -> None:
    assert (S.RECONNECTING, "reconnect_storm") not in told([LOST, CONNECTED] * 20, UP, minutes(3))


def test_new_settings_are_dialled_with_at_once() -> None:
    life = UP.redialled(NOW, RULES)
    assert (life.status, life.reason, life.fence) == (S.RECONNECTING, "settings_changed", UP.fence + 1)
    assert (life.dial_at, life.attempts, life.losses) == (None, 0, ())
    assert CONNECTED(dial(life, NOW), NOW).status is S.CONNECTED
    assert UP.stopped().redialled(NOW, RULES) == UP.stopped()


def test_without_a_connector_it_says_so_and_goes_on_waiting() -> None:
    life = start(ConnectionState(), NOW).late(NOW + RULES.answer, RULES, 0.5, is_held=False)
    assert (life.status, life.reason, life.is_on) == (S.CONNECTING, "no_connector", True)
    assert dial(life, NOW).reason is None


def test_a_connector_that_died_leaves_its_lines_reconnecting() -> None:
    life = UP.unheld()
    assert (life.status, life.reason, life.is_on) == (S.RECONNECTING, "connector_lost", True)
    assert CONNECTED(dial(life, NOW), NOW).status is S.CONNECTED


def test_a_pulse_is_judged() -> None:
    no, long = timedelta(0), timedelta(minutes=10)
    assert why_dead(True, no, no, no, RULES) is None
    assert why_dead(True, long, no, no, RULES) == "silent"
    assert why_dead(True, no, timedelta(seconds=20), no, RULES) == "silent", "it answers no call"
    assert why_dead(False, long, long, no, RULES) is None
    assert why_dead(False, long, no, long, RULES) == "connection_lost"
    assert why_dead(False, long, no, 2 * RULES.heal, RULES) is None, "its own deadline comes first"
