"""AcceptWebhook: verify who signed a body, split it into updates and store them before the request is answered.

An update is accepted only for a session whose own secret verified the body, on shared and per-session paths
alike. A session without a secret (WAHA allows it) is served only while no session with one has the same name, so
that it can neither take nor block another session's updates. Contract: F, webhooks in.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn, TypeVar

from whatsapp_hub.application.measuring import TALLY, UPDATES
from whatsapp_hub.application.ports.edge.directory import Directory, WebhookTarget
from whatsapp_hub.application.ports.provider.events import Malformed, RawUpdate
from whatsapp_hub.application.ports.provider.plugin import Providers, ReceivesWebhooks
from whatsapp_hub.application.ports.queues.inbox import InboxAppender, NewUpdate
from whatsapp_hub.application.receiving.warn_unassigned import WarnUnassigned
from whatsapp_hub.domain.errors import NotFound, Unauthenticated
from whatsapp_hub.domain.ids import SessionId

T = TypeVar("T")
Targets = Mapping[str, list[WebhookTarget]]
"""Sessions by route."""
TRIED_BYTES = 64_000_000
"""Most bytes hashed to find out who signed a body that names none of our sessions (a tenth of a second): such bodies
are small, and an attacker's large one must not cost its size times the number of secrets."""
ROW_BYTES = 500
MAX_BYTES = 4 * 1024 * 1024
UNSIGNED_BYTES = 256 * 1024
"""Largest body accepted without a signature: one WAHA event without a key is a hundredth of it."""
ASIDE_BYTES = 32 * 1024
"""A longer body is verified and split on a thread, so that it blocks no other request (4 MB take up to half a
second)."""
UNVOUCHED_BYTES = 16_000_000
"""Most bytes of unsigned updates without a session that one process stores: enough for an operator to see that
something is not set up yet, too little for an attacker to fill the disk."""


@dataclass(slots=True)
class WebhookCounts:
    """Updates by outcome since this process started."""

    accepted: int = 0
    dropped: int = 0
    unassigned: int = 0
    quarantined: int = 0
    refused: int = 0
    unvouched_bytes: int = 0


@dataclass(slots=True)
class SignedBody:
    """A body with its headers, and the sessions whose own secrets signed it. Each secret is tried once."""

    webhooks: ReceivesWebhooks
    headers: Mapping[str, str]
    body: bytes
    has_signature: bool = field(init=False)
    _seen: dict[str, bool] = field(init=False, default_factory=dict)
    _signer: str | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.has_signature = self.webhooks.is_signed(self.headers)

    def has_secret(self, target: WebhookTarget) -> bool:
        """Whether the session has a secret, without which it accepts nothing."""
        return bool(self.webhooks.secret_of(target.settings))

    def owners(self, named: Sequence[WebhookTarget]) -> list[WebhookTarget]:
        """Of sessions with one name, return those whose secret signed the body, or all if none has a secret."""
        guarded = [target for target in named if self.has_secret(target)]
        return [target for target in guarded or named if self.by(target)]

    def owners_by_route(self, targets: Targets) -> Mapping[str, Sequence[WebhookTarget]]:
        """Return, for each route that the body may name, the sessions whose own secret verified it."""
        return {route: self.owners(several) for route, several in targets.items() if several}

    def by(self, target: WebhookTarget) -> bool:
        """Return whether this session's secret signed the body. Once the signer is known, no other is tried."""
        secret = self.webhooks.secret_of(target.settings)
        if secret and not self.has_signature:
            return False
        if secret and self._signer is not None:
            return secret == self._signer
        known = self._seen.get(secret)
        if known is None:
            known = self._seen[secret] = self.webhooks.verify(target.settings, self.headers, self.body)
            if known and secret:
                self._signer = secret
        return known

    def by_one(self, guarded: Sequence[WebhookTarget]) -> bool:
        """Return whether one of these, whom the body names, signed it."""
        return any(map(self.by, guarded))

    def by_any(self, guarded: Sequence[WebhookTarget]) -> bool:
        """Return whether one of these signed the body; False as well where that would take too long to find out."""
        most = max(1, TRIED_BYTES // (len(self.body) + ROW_BYTES))
        for target in guarded:
            if self.by(target):
                return True
            if self._signer is None and len(self._seen) >= most:
                return False
        return False

    @property
    def has_signer(self) -> bool:
        """Whether the secret that signed the body is known by now."""
        return self._signer is not None


@dataclass(frozen=True, slots=True)
class AcceptWebhook:
    """Verify, split and store a webhook's body."""

    providers: Providers
    directory: Directory
    inbox: InboxAppender
    counts: WebhookCounts = field(default_factory=WebhookCounts)
    warn: WarnUnassigned | None = None

    def body_limit(self, kind: str, headers: Mapping[str, str]) -> int:
        """Return how many bytes of a body to read: fewer of one without a signature. Raises NotFound."""
        return MAX_BYTES if self._webhooks(kind).is_signed(headers) else UNSIGNED_BYTES

    def refuse_unsigned(self) -> NoReturn:
        """Refuse a body without a signature that is longer than its limit. Raises Unauthenticated."""
        self._refuse(f"a body that no secret signed has at most {UNSIGNED_BYTES} bytes")

    async def __call__(self, kind: str, session_id: SessionId | None, headers: Mapping[str, str], body: bytes) -> None:
        """Store the body's updates. `headers` have lower-case names.

        Raises Unauthenticated (nothing is stored), NotFound for a path without such a session, Unavailable.
        """
        webhooks = self._webhooks(kind)
        signed = SignedBody(webhooks, headers, body)
        addressee = await self._addressee(kind, session_id, signed) if session_id else None
        scanned: Targets = {}
        if addressee is None:
            scanned = await self._admit(kind, signed)
        elif not signed.has_secret(addressee):
            self._bound(signed)
        try:
            updates = await _aside(body, webhooks.split, body)
        except Malformed as error:
            await self._quarantine(kind, addressee, signed, str(error))
            return
        targets = await self._targets(kind, updates, scanned)
        if addressee:
            vouched = signed.has_secret(addressee)
        else:
            vouched = (targets is scanned and signed.has_signer) or await self._vouched(kind, targets, signed)
        owners = await _aside(body, signed.owners_by_route, targets)
        rows = [row for u in updates if (row := self._row(kind, u, owners, addressee, vouched=vouched))]
        if rows:
            await self.inbox.append(rows)

    def _webhooks(self, kind: str) -> ReceivesWebhooks:
        plugin = self.providers.plugins.get(kind)
        if plugin is None or plugin.webhooks is None:
            raise NotFound("provider", kind)
        return plugin.webhooks

    async def _addressee(self, kind: str, session_id: SessionId, signed: SignedBody) -> WebhookTarget:
        target = await self.directory.target(session_id, kind)
        if target is None or target.provider != kind:
            raise NotFound("session", session_id)
        if not await _aside(signed.body, signed.by, target):
            self._refuse()
        return target

    async def _targets(self, kind: str, updates: list[RawUpdate], scanned: Targets) -> Targets:
        """Look the updates' own routes up; the scan has mostly found exactly these."""
        routes = {route for update in updates for route in update.routes}
        if routes == scanned.keys():
            return scanned
        return await self.directory.targets(kind, routes) if routes else {}

    async def _vouched(self, kind: str, targets: Mapping[str, list[WebhookTarget]], signed: SignedBody) -> bool:
        """Return whether a secret signed the body; one must have, as soon as any candidate has one."""
        named = [target for several in targets.values() for target in several]
        guarded = [t for t in named or await self.directory.all_targets(kind) if signed.has_secret(t)]
        if guarded and not await _aside(signed.body, signed.by_one if named else signed.by_any, guarded):
            self._refuse()
        return bool(guarded)

    async def _admit(self, kind: str, signed: SignedBody) -> Targets:
        """Refuse an unsigned body before it is parsed: a scan for session names finds the candidates.

        One candidate with a secret must have signed. Where no candidate has one, the size is bounded instead.
        Returns the candidates by name.
        """
        names = await _aside(signed.body, signed.webhooks.names, signed.body)
        found = await self.directory.targets(kind, names) if names else {}
        candidates = [target for several in found.values() for target in several]
        candidates = candidates or await self.directory.all_targets(kind)
        guarded = [target for target in candidates if signed.has_secret(target)]
        if not await _aside(signed.body, signed.by_any, guarded):
            if guarded and len(guarded) == len(candidates):
                self._refuse()
            self._bound(signed)
        return found

    def _bound(self, signed: SignedBody) -> None:
        if len(signed.body) > UNSIGNED_BYTES:
            self.refuse_unsigned()

    def _refuse(self, why: str = "the signature does not match") -> NoReturn:
        self.counts.refused += 1
        TALLY.add(UPDATES, "refused")
        raise Unauthenticated(why)

    def _row(
        self,
        kind: str,
        update: RawUpdate,
        owners: Mapping[str, Sequence[WebhookTarget]],
        addressee: WebhookTarget | None,
        *,
        vouched: bool,
    ) -> NewUpdate | None:
        """Build the inbox row, or None to drop the update. `owners`: by route, the sessions that the body is for."""
        target = None
        own = self.providers.plugins[kind].routes(addressee.settings) if addressee else ()
        for route in update.routes:
            if route in own:  # the directory may not know the session yet
                target = addressee
                break
            if (found := owners.get(route)) is not None:
                if len(found) == 1:
                    target = found[0]
                elif not found:
                    self.counts.dropped += 1
                    TALLY.add(UPDATES, "dropped")
                    return None
                elif self.warn:
                    self.warn(found)
                break
        if target is None:
            return self._unassigned(kind, update, vouched=vouched)
        self.counts.accepted += 1
        TALLY.add(UPDATES, "accepted")
        return NewUpdate(kind, update.dedupe_key, update.chat, update.body, target.tenant_id, target.session_id)

    def _unassigned(self, kind: str, update: RawUpdate, *, vouched: bool) -> NewUpdate | None:
        """Keep the update for an operator, within the bound for unsigned ones."""
        if not vouched:
            self.counts.unvouched_bytes += len(update.body) + ROW_BYTES
        if self.counts.unvouched_bytes > UNVOUCHED_BYTES and not vouched:
            self.counts.dropped += 1
            TALLY.add(UPDATES, "dropped")
            return None
        self.counts.unassigned += 1
        TALLY.add(UPDATES, "unassigned")
        return NewUpdate(kind, update.dedupe_key, update.chat, update.body)

    async def _quarantine(self, kind: str, addressee: WebhookTarget | None, signed: SignedBody, why: str) -> None:
        """Keep a malformed body that is signed (answered 200); refuse one that is not."""
        if addressee is None:
            others = await self.directory.all_targets(kind)
            guarded = [target for target in others if signed.has_secret(target)]
            if not await _aside(signed.body, signed.by_any, guarded):
                self._refuse()
        self.counts.quarantined += 1
        TALLY.add(UPDATES, "quarantined")
        key = f"nonsense:{hashlib.sha256(signed.body).hexdigest()}"
        tenant, session = (addressee.tenant_id, addressee.session_id) if addressee else (None, None)
        row = NewUpdate(kind, key, "", signed.body, tenant, session, quarantined=why[:500])
        await self.inbox.append([row])


async def _aside(body: bytes, work: Callable[..., T], *arguments: object) -> T:
    """Do work that takes as long as `body` is: on a thread, where that is long."""
    if len(body) <= ASIDE_BYTES:
        return work(*arguments)
    return await asyncio.to_thread(work, *arguments)


@dataclass(frozen=True, slots=True)
class AnswerHandshake:
    """Answer a provider that verifies our webhook address (Meta's hub.challenge)."""

    providers: Providers
    directory: Directory

    async def __call__(self, kind: str, session_id: SessionId | None, query: Mapping[str, str]) -> str | None:
        """Return the text to answer with, or None to refuse. On the shared path any session's token will do."""
        plugin = self.providers.plugins.get(kind)
        if plugin is None or plugin.webhooks is None:
            return None
        if session_id:
            target = await self.directory.target(session_id, kind)
            targets = [target] if target and target.provider == kind else []
        else:
            targets = await self.directory.all_targets(kind)
        answers = (plugin.webhooks.handshake(t.settings, query) for t in targets)
        return next((answer for answer in answers if answer is not None), None)
