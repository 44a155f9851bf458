"""From a credential to the caller: the one place that knows the kinds of credentials, tokens and API keys."""

import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from typing import Generic, TypeVar
from uuid import UUID

from whatsapp_hub.application.ports.edge.access import AccessChange, concern
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.directory import Directory, MadeKey, SignedIn
from whatsapp_hub.application.ports.edge.security import Caller, Tokens
from whatsapp_hub.domain.accounts.access import POLICY, Action
from whatsapp_hub.domain.accounts.api_key import ROLE, caller_key, digest_of, is_api_key
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.errors import Invalid, NotFound, OidcRequired, SecondFactorEnrolmentRequired, Unauthenticated
from whatsapp_hub.domain.ids import SignInId, TenantId

K = TypeVar("K")
V = TypeVar("V")

SURE_S = 1.0
"""For so long an answer of the database counts, whatever happens."""
KEPT_S = 30.0
"""And for so long while the feed of access changes is heard."""
HEARD_WITHIN_S = 3.0
"""A feed that was heard longer ago is not: each answer is then asked for again, and a database that is away lets nobody
in."""
DEAF_AFTER_S = 300.0
"""And where it was not heard for so long, open connections end too: somebody may have been signed out since."""
CANNOT_TELL = "nobody can tell whether you may still be here; connect again"
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class _Known(Generic[V]):
    """What the database answered, and whether something changed while it was asked."""

    asked_at: float
    value: V | None
    is_unsettled: bool


class Callers:
    """Who asks. A token outlives its sign-in, its user's role and dismissal, so all that is looked up too; so is an API
    key. What was found is remembered for as long as the feed of access changes says nothing else."""

    def __init__(
        self,
        tokens: Tokens,
        directory: Directory,
        clock: Clock,
        sure_s: float = SURE_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`now`: a clock that cannot be stepped, in seconds."""
        self._tokens = tokens
        self._directory = directory
        self._clock = clock
        self._sure_s = sure_s
        self._now = now
        self._round = 0
        self._heard_at = self._now() - HEARD_WITHIN_S
        self._people: dict[SignInId, _Known[SignedIn]] = {}
        self._keys: dict[bytes, _Known[MadeKey]] = {}

    async def __call__(self, credential: str, company_id: str | None = None, *, enrols: bool = False) -> Caller:
        """`company_id` is the tenant that a MASTER wants to act for; `enrols`: also who must first enrol a second
        factor may do this. Raises Unauthenticated, NotFound (that tenant, or not the caller's), Unavailable."""
        caller = await (self._program(credential) if is_api_key(credential) else self._person(credential, enrols))
        return await self._for_company(caller, company_id) if company_id else caller

    @property
    def is_deaf(self) -> bool:
        """Whether nobody can tell any more who may be here."""
        return self._now() - self._heard_at > DEAF_AFTER_S

    def heard(self, changes: Collection[AccessChange], asked_at: float) -> None:
        """Take what the feed told when it was asked at `asked_at` (by `now`)."""
        self._heard_at = asked_at
        if not changes:
            return
        self._round += 1
        self._people = {
            id: k for id, k in self._people.items() if k.value and not concern(changes, _signed_in(k.value))
        }
        self._keys = {id: k for id, k in self._keys.items() if k.value and not concern(changes, _program(k.value))}

    async def _person(self, token: str, enrols: bool) -> Caller:
        caller = self._tokens.read(token)
        if caller.sign_in_id is None:
            raise Unauthenticated("the token names no sign-in; sign in again")
        known = await self._known(self._people, caller.sign_in_id, self._directory.signed_in)
        if known is None or not known.sign_in.is_live(self._clock()):
            raise Unauthenticated("the sign-in has ended; sign in again")
        if not known.user.is_active or (known.user.id, known.user.tenant_id) != (caller.user_id, caller.tenant_id):
            raise Unauthenticated("the user no longer exists or is not active")
        if known.must_use_oidc:
            raise OidcRequired
        if known.must_enrol:
            self._people.pop(caller.sign_in_id, None)  # asked again each time, so that it counts once they have
            if not enrols:
                raise SecondFactorEnrolmentRequired("your company requires a second factor: enrol one first")
        return _signed_in(known)

    async def _program(self, secret: str) -> Caller:
        known = await self._known(self._keys, digest_of(secret), self._directory.api_key)
        if known is None or not known.key.is_valid(self._clock()):
            raise Unauthenticated("the API key is not known, or not valid any more")
        if not known.key.is_backed_by(known.maker):
            raise Unauthenticated("the person who made the API key may not enter any more")
        return _program(known)

    async def _known(self, memory: dict[K, _Known[V]], name: K, ask: Callable[[K], Awaitable[V | None]]) -> V | None:
        known = memory.get(name)
        if known and self._holds(known):
            return known.value
        asked_at, round = self._now(), self._round
        found = await ask(name)
        if len(memory) >= _REMEMBERED:
            memory.clear()
        memory[name] = _Known(asked_at, found, found is None or round != self._round)
        return found

    def _holds(self, known: _Known[V]) -> bool:
        now = self._now()
        is_heard = now - self._heard_at < HEARD_WITHIN_S
        return now - known.asked_at < (KEPT_S if is_heard and not known.is_unsettled else self._sure_s)

    async def _for_company(self, caller: Caller, company_id: str) -> Caller:
        try:
            tenant_id = TenantId(UUID(company_id))
        except ValueError:
            raise Invalid.field("company_id", "must be a UUID") from None
        if tenant_id == caller.tenant_id:
            return caller
        if not caller.may(Action.CHOOSE_TENANT):
            raise NotFound("company", company_id)
        if (await self._directory.tenant(tenant_id)).is_removed:
            raise NotFound("company", company_id)
        return replace(caller, tenant_id=tenant_id)


def _signed_in(known: SignedIn) -> Caller:
    return replace(caller_of(known.user), sign_in_id=known.sign_in.id)


def caller_of(user: User) -> Caller:
    """Return the user as a caller, without a sign-in."""
    return Caller(user.tenant_id, user.role, f"user:{user.id}", user.id, user.email)


def _program(known: MadeKey) -> Caller:
    powers, key = known.key.powers(known.maker), known.key
    scopes = None if powers == POLICY[ROLE] else powers
    return Caller(key.tenant_id, ROLE, caller_key(key.id), scopes=scopes, maker_id=key.created_by)
