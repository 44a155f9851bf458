"""The state machine of a session that holds a socket (WhatsApp Web), without a clock, jitter or a network.

A connector keeps a session's connection open or closed as its `ConnectionState` demands; commands, the provider's
reports and passed deadlines lead from one state to the next. Each dial has a number, the `fence`: reports of an earlier
dial are ignored, and a connector dials again when the number is no longer the one that it dialled with.

    start ─► CONNECTING ─► QR_PENDING ─► CONNECTED ◄─► RECONNECTING          is_on: a connector holds it
                 │              │            │              │
                 └──────────────┴────────────┴──────────────┴─► DISCONNECTED (stopped, qr_timeout, replaced),
                                                                FAILED, LOGGED_OUT: down until it is started
    A ban that ends is followed by a dial at its end.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from whatsapp_hub.domain.backoff import halved
from whatsapp_hub.domain.sessions.history import HistoryKind
from whatsapp_hub.domain.sessions.session import CORRUPTED, SessionStatus
from whatsapp_hub.domain.sessions.status_reason import StatusReason

STOPPED = StatusReason.STOPPED.value
IDLE = StatusReason.IDLE.value
QR_TIMEOUT = StatusReason.QR_TIMEOUT.value
REPLACED = StatusReason.REPLACED.value
NO_CONNECTOR = StatusReason.NO_CONNECTOR.value
CONNECTOR_LOST = StatusReason.CONNECTOR_LOST.value
NO_ANSWER = StatusReason.NO_ANSWER.value
SETTINGS_CHANGED = StatusReason.SETTINGS_CHANGED.value
PAIRED = StatusReason.PAIRED.value
SILENT = StatusReason.SILENT.value
ENDED = StatusReason.ENDED.value
LOST = StatusReason.CONNECTION_LOST.value
STORM = StatusReason.RECONNECT_STORM.value
BAN_OVER = StatusReason.BAN_OVER.value
LOGGED_OUT = StatusReason.LOGGED_OUT.value


@dataclass(frozen=True, slots=True)
class ReconnectPolicy:
    """`pairing`: an unscanned session is closed after so long (WHATSAPP_SESSION_TIMEOUT); `code`: how long one code
    can be scanned at most (WHATSAPP_QR_TIMEOUT), `renewal`: how late the next one may be; `attempts`: failed dials
    before a number that was never connected has FAILED, 0 without limit (WHATSAPP_RECONNECT_ATTEMPTS).

    A dial without a report for `answer` has failed; the provider may restore a lost connection by itself for `heal` to
    twice `heal`, each for its own time: many are lost together, and dialled anew one by one. One that is silent for
    `silence`, or answers no call for `unanswered`, is dead. The pauses between dials grow up to
    `longest_delay`, but up to `longest_unreachable` where the network or the proxy is at fault: WhatsApp does not hear
    those dials, and the number is back soon after its proxy. After `storm_losses` losses within `storm_window` the
    session stays RECONNECTING, and nothing more is published, until it has stayed connected for `calm`.
    """

    pairing: timedelta = timedelta(minutes=5)
    code: timedelta = timedelta(seconds=60)
    renewal: timedelta = timedelta(seconds=3)
    attempts: int = 3
    first_delay: timedelta = timedelta(seconds=2)
    longest_delay: timedelta = timedelta(minutes=5)
    longest_unreachable: timedelta = timedelta(seconds=5)
    answer: timedelta = timedelta(seconds=90)
    heal: timedelta = timedelta(minutes=3)
    silence: timedelta = timedelta(seconds=45)
    unanswered: timedelta = timedelta(seconds=15)
    storm_losses: int = 5
    storm_window: timedelta = timedelta(minutes=10)
    calm: timedelta = timedelta(minutes=2)

    def delay(self, attempts: int, jitter: float, reason: str = "") -> timedelta:
        """Delay before the next dial: doubling up to a cap, of which `jitter` (0 to 1) takes up to half away."""
        longest = self.longest_unreachable if _is_unreachable(reason) else self.longest_delay
        backoff = halved(self.first_delay.total_seconds(), longest.total_seconds())
        return timedelta(seconds=backoff.after(attempts, jitter))

    def healing(self, jitter: float) -> timedelta:
        """How long the provider may restore a lost connection by itself; `jitter` (0 to 1) spreads it."""
        return self.heal * (1 + jitter)


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """A provider's report; `ports/connections/sockets.py` lists the states and their meaning."""

    status: SessionStatus
    reason: str | None = None
    code: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """`attempts`: failed dials in a row. `has_paired`: it was connected before, with credentials that are still valid.
    `is_up`: it is connected at this moment, whatever `status` shows. `dial_at`: closed until then. `deadline_at`: when
    `late` is due. `must_forget`: credentials to delete before anything else. `failure`: why the last dial of this
    transaction failed, which `reason` need not say; not stored."""

    status: SessionStatus = SessionStatus.DISCONNECTED
    reason: str | None = None
    is_on: bool = False
    fence: int = 0
    attempts: int = 0
    has_paired: bool = False
    is_up: bool = False
    must_forget: bool = False
    dial_at: datetime | None = None
    deadline_at: datetime | None = None
    pairing_until: datetime | None = None
    code: str | None = None
    code_until: datetime | None = None
    losses: tuple[datetime, ...] = ()
    failure: str | None = field(default=None, compare=False)

    # Commands

    def started(self, now: datetime, policy: ReconnectPolicy) -> "ConnectionState":
        """Dial now, unless it is being dialled or scanned already."""
        if self.is_on and self.dial_at is None:
            return self
        return self.restarted(now, policy)

    def restarted(self, now: datetime, policy: ReconnectPolicy) -> "ConnectionState":
        """Dial anew, whatever its state was."""
        kept = ConnectionState(fence=self.fence + 1, has_paired=self.has_paired, must_forget=self.must_forget)
        return replace(kept, status=SessionStatus.CONNECTING, is_on=True, deadline_at=now + policy.answer)

    def redialled(self, now: datetime, policy: ReconnectPolicy) -> "ConnectionState":
        """Dial again with changed settings; counts neither as an attempt nor as a loss."""
        if not self.is_on:
            return self
        deadline = self.pairing_until or (None if self.dial_at else now + policy.answer)
        state = replace(self, fence=self.fence + 1, is_up=False, deadline_at=deadline)
        if self.status is not SessionStatus.CONNECTED:
            return state
        return replace(state, status=SessionStatus.RECONNECTING, reason=SETTINGS_CHANGED)

    def stopped(self, reason: str = STOPPED) -> "ConnectionState":
        """Turn the session off as people wished; its credentials stay."""
        if not self.is_on and self.reason == reason:
            return self
        return self._off(SessionStatus.DISCONNECTED, reason)

    def logged_out(self, reason: str = LOGGED_OUT) -> "ConnectionState":
        """Turn the session off since the phone unlinked it: credentials must be forgotten, the next start pairs
        anew."""
        return replace(self._off(SessionStatus.LOGGED_OUT, reason), has_paired=False, must_forget=True)

    # The connector's steps

    def dialled(self, now: datetime, policy: ReconnectPolicy) -> "ConnectionState":
        """Record that the connector has dialled."""
        if not self.is_on:
            return self
        reason = None if self.reason == NO_CONNECTOR else self.reason
        deadline = self.pairing_until or now + policy.answer
        state = replace(self, is_up=False, reason=reason, dial_at=None, deadline_at=deadline)
        if self.status is SessionStatus.BANNED:
            return replace(state, status=SessionStatus.RECONNECTING, reason=BAN_OVER)
        return state.unheld() if self.status is SessionStatus.CONNECTED else state

    def unheld(self) -> "ConnectionState":
        """Record that no connector holds it any more."""
        state = replace(self, is_up=False)
        if self.status is not SessionStatus.CONNECTED:
            return state
        return replace(state, status=SessionStatus.RECONNECTING, reason=CONNECTOR_LOST)

    def forgotten(self) -> "ConnectionState":
        """Note that the store holds its credentials no more."""
        return replace(self, must_forget=False)

    def recycled(self, reason: str, now: datetime, policy: ReconnectPolicy, jitter: float) -> "ConnectionState":
        """Dial again: its connector found it dead."""
        return self._redial(reason, now, policy, jitter) if self.is_on else self

    def late(self, now: datetime, policy: ReconnectPolicy, jitter: float, *, is_held: bool) -> "ConnectionState":
        """Act on a passed deadline."""
        state = replace(self, deadline_at=None)
        if not self.is_on:
            return state
        if self.is_up:
            return state._settled()
        if self._is_code_over_age(now):
            return replace(state, code=None, code_until=None, deadline_at=self.pairing_until)
        if self.pairing_until is not None and now >= self.pairing_until:
            return self._off(SessionStatus.DISCONNECTED, QR_TIMEOUT)
        if not is_held:
            return replace(state, reason=NO_CONNECTOR)
        return state._redial(self.reason or NO_ANSWER, now, policy, jitter)

    # The provider's reports

    def reported(
        self, report: ConnectionReport, now: datetime, policy: ReconnectPolicy, jitter: float
    ) -> "ConnectionState":
        """Apply a report; one about a connection that is off changes nothing."""
        if not self.is_on:
            return self
        match report.status:
            case SessionStatus.QR_PENDING:
                return self._code_shown(report, now, policy)
            case SessionStatus.CONNECTED:
                return self._connected(report.reason, now, policy)
            case SessionStatus.RECONNECTING:
                return self._lost(report.reason or LOST, now, policy, jitter)
            case SessionStatus.DISCONNECTED if report.reason != REPLACED:
                return self._redial(report.reason or ENDED, now, policy, jitter)
            case SessionStatus.CONNECTING:
                return self._scanned(now, policy) if report.reason == PAIRED else self
            case _:
                return self._ended(report, policy, jitter)

    def _ended(self, report: ConnectionReport, policy: ReconnectPolicy, jitter: float) -> "ConnectionState":
        """Stay down until it is started, or until a ban ends."""
        match report.status:
            case SessionStatus.LOGGED_OUT:
                return self.logged_out(report.reason or LOGGED_OUT)
            case SessionStatus.BANNED:
                return self._banned(report, policy, jitter)
            case SessionStatus.FAILED:
                return self._failed(report.reason or ENDED)
            case _:
                return self._off(SessionStatus.DISCONNECTED, REPLACED)

    def _code_shown(self, report: ConnectionReport, now: datetime, policy: ReconnectPolicy) -> "ConnectionState":
        until = self.pairing_until or now + policy.pairing
        code_until = min(report.until or until, now + policy.code, until)
        return replace(
            self,
            status=SessionStatus.QR_PENDING,
            reason=None,
            is_up=False,
            has_paired=False,
            attempts=0,
            dial_at=None,
            pairing_until=until,
            deadline_at=min(code_until + policy.renewal, until),
            code=report.code,
            code_until=code_until,
        )

    def _scanned(self, now: datetime, policy: ReconnectPolicy) -> "ConnectionState":
        """Record that a phone scanned the code; the connection with the new credentials follows."""
        return replace(self, has_paired=True, pairing_until=None, deadline_at=now + policy.answer)

    def _connected(self, reason: str | None, now: datetime, policy: ReconnectPolicy) -> "ConnectionState":
        state = replace(
            self,
            is_up=True,
            has_paired=True,
            attempts=0,
            dial_at=None,
            deadline_at=None,
            pairing_until=None,
            code=None,
            code_until=None,
        )
        if self._is_storm:
            return replace(state, deadline_at=now + policy.calm)
        return replace(state, status=SessionStatus.CONNECTED, reason=reason)

    def _settled(self) -> "ConnectionState":
        """End a storm: it stayed connected for long enough."""
        return replace(self, status=SessionStatus.CONNECTED, reason=None, losses=())

    def _lost(self, reason: str, now: datetime, policy: ReconnectPolicy, jitter: float) -> "ConnectionState":
        """Wait while the provider reconnects by itself. One that was never connected is dialled again instead, unless a
        code is shown: a phone that scans it ends the connection to begin another (515)."""
        if self.status is SessionStatus.QR_PENDING:
            return self
        if not self.has_paired:
            return self._redial(reason, now, policy, jitter)
        state = self._down(reason, now, policy)
        return replace(state, deadline_at=now + policy.healing(jitter))

    def _down(self, reason: str, now: datetime, policy: ReconnectPolicy) -> "ConnectionState":
        """Become RECONNECTING. The first reason stays until it is connected again: one loss is one event."""
        losses = self.losses
        if self.is_up:
            losses = (*(at for at in losses if now - at < policy.storm_window), now)[-policy.storm_losses :]
        if len(losses) >= policy.storm_losses:
            reason = STORM
        elif self.status is SessionStatus.RECONNECTING and self.reason != CONNECTOR_LOST:
            reason = self.reason or reason
        return replace(self, status=SessionStatus.RECONNECTING, reason=reason, is_up=False, losses=losses)

    def _redial(self, reason: str, now: datetime, policy: ReconnectPolicy, jitter: float) -> "ConnectionState":
        """Close it and dial again after a delay, unless the attempts are used up."""
        if self.pairing_until is not None:
            if now >= self.pairing_until:
                return self._off(SessionStatus.DISCONNECTED, QR_TIMEOUT)
            if reason == QR_TIMEOUT:  # the codes are used up, the time is not: the next dial brings new ones
                return replace(self, fence=self.fence + 1, dial_at=None, deadline_at=self.pairing_until)
        attempts = self.attempts + 1
        if not self.has_paired and 0 < policy.attempts <= attempts:
            return replace(self._failed(reason), attempts=attempts)
        return replace(
            self._down(reason, now, policy),
            fence=self.fence + 1,
            attempts=attempts,
            dial_at=now + policy.delay(attempts, jitter, reason),
            deadline_at=None,
            code=None,
            code_until=None,
            failure=reason,
        )

    def _banned(self, report: ConnectionReport, policy: ReconnectPolicy, jitter: float) -> "ConnectionState":
        if report.until is None:
            return self._off(SessionStatus.BANNED, report.reason or "banned")
        state = self._off(SessionStatus.BANNED, f"banned_until {report.until.isoformat(timespec='seconds')}")
        return replace(state, is_on=True, dial_at=report.until + policy.delay(1, jitter))

    def _failed(self, reason: str) -> "ConnectionState":
        state = self._off(SessionStatus.FAILED, reason)
        return replace(state, has_paired=False, must_forget=True) if reason == CORRUPTED else state

    def _off(self, status: SessionStatus, reason: str) -> "ConnectionState":
        kept = ConnectionState(fence=self.fence + 1, has_paired=self.has_paired, must_forget=self.must_forget)
        return replace(kept, status=status, reason=reason)

    def _is_code_over_age(self, now: datetime) -> bool:
        """Whether the code has expired, while there is still time for the next one."""
        has_time = self.pairing_until is not None and now < self.pairing_until
        return has_time and self.code_until is not None and now >= self.code_until

    @property
    def _is_storm(self) -> bool:
        return self.status is SessionStatus.RECONNECTING and self.reason == STORM

    @property
    def is_wanted(self) -> bool:
        """Whether a connector must take it."""
        return self.is_on or self.must_forget


def noted(before: ConnectionState, after: ConnectionState) -> Iterator[tuple[HistoryKind, str | None]]:
    """Yield what a step adds to the session's history beside a change of its status."""
    if before.is_up and not after.is_up and (before.status, before.reason) == (after.status, after.reason):
        yield HistoryKind.LOST, None
    if after.is_on and not before.is_up and after.attempts > before.attempts:
        yield HistoryKind.DIAL_FAILED, after.failure


def _is_unreachable(reason: str) -> bool:
    return reason == NO_ANSWER or reason.partition(":")[0] == StatusReason.NO_NETWORK


def why_dead(
    is_connected: bool, silent: timedelta, unanswered: timedelta, down: timedelta, policy: ReconnectPolicy
) -> str | None:
    """Explain why a held connection must be dialled again; None: it is alive, or may still recover by itself. A lost
    one has a deadline of its own in its state; this is for those whose deadline nobody applied."""
    if is_connected and (silent > policy.silence or unanswered > policy.unanswered):
        return SILENT
    if not is_connected and down > policy.healing(1.0) + policy.answer:
        return LOST
    return None
