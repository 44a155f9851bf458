"""The hub's exceptions; each type carries its data.

    HubError
    ├── Invalid              a field's value is not acceptable
    ├── Unauthenticated      no credentials, or unknown ones
    │   ├── SecondFactorRequired           the password is right, the code is missing or wrong
    │   ├── SecondFactorEnrolmentRequired  the user may only enrol a second factor
    │   └── OidcRequired                   the company's users sign in by the OpenID provider only
    ├── OidcRefused          a sign-in by the OpenID provider came to nothing; carries why
    ├── Forbidden            known, but not allowed to
    ├── NotFound             does not exist for this caller
    ├── Conflict             the state does not allow it
    │   └── HeldElsewhere        others have the customer; carries who
    ├── NotSupported         the session's provider cannot do it
    ├── WindowClosed         the provider takes only approved templates now; carries since when
    ├── Expired              what is asked for is no longer kept
    ├── KeyReused            an idempotency key came back with another request
    ├── TooMany              over a rate limit; carries when to try again
    ├── Unavailable          a dependency is down; nothing was stored
    │   ├── Contention           two transactions conflicted; the call may be retried at once
    │   ├── TookTooLong          the database was given too much to do at a time
    │   └── StoresNothing        the database answers and takes no writes; `reason` says why
    └── ProviderError        what a provider answered
        ├── Rejected             certainly not sent, and never will be
        ├── Unsupported          the provider has no such thing
        ├── Transient            certainly not sent; may be tried again
        ├── OutcomeUnknown       may or may not have been sent; never resent automatically
        └── CredentialsInvalid   the session is paused until an operator fixes it

HTTP codes are chosen in one place, `adapters/http/problems.py`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MOST_CHARACTERS = 10_000
_POINTER, _REASON = 200, 500


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


class HubError(Exception):
    """The root of the tree. Its text is short, however long what it repeats: it is sent, stored and logged."""

    def __str__(self) -> str:
        return _short(super().__str__(), MOST_CHARACTERS)


_PREDICATES = frozenset({"must", "is", "has", "have", "are", "was", "cannot"})


@dataclass(frozen=True, slots=True)
class Flaw:
    """One bad field: a JSON pointer (`/name`; empty: the whole document) and what is wrong with it: a predicate (`must
    not be empty`), or a sentence that has a subject of its own (`there is no such user`)."""

    pointer: str
    reason: str

    def __post_init__(self) -> None:
        """Cut what a client chose the length of: a hundred flaws may name the same field, of megabytes."""
        object.__setattr__(self, "pointer", _short(self.pointer, _POINTER))
        object.__setattr__(self, "reason", _short(self.reason, _REASON))

    @property
    def sentence(self) -> str:
        """Render it with the field's name: `name must not be empty`, `userId: there is no such user`."""
        names = self.pointer.removeprefix("/").split("/")
        name = ".".join(name.replace("~1", "/").replace("~0", "~") for name in names) or "the body"
        return f"{name}{'' if self.reason.partition(' ')[0] in _PREDICATES else ':'} {self.reason}"


MOST_FLAWS = 100
"""A body may have tens of thousands of unknown fields: naming them all takes seconds."""


class Invalid(HubError):
    """One or more fields are not acceptable; nothing was changed. The first MOST_FLAWS are named."""

    def __init__(self, *flaws: Flaw) -> None:
        self.flaws = flaws[:MOST_FLAWS]
        super().__init__("; ".join(flaw.sentence for flaw in self.flaws))

    @classmethod
    def field(cls, name: str, reason: str) -> "Invalid":
        """Build the error of one bad field. `reason` continues a sentence that begins with the field's name."""
        return cls(Flaw(f"/{name}", reason))


class Unauthenticated(HubError):
    """No credentials, or none that the hub accepts."""


class SecondFactorRequired(Unauthenticated):
    """The password was right, but a code is missing or wrong."""


class SecondFactorEnrolmentRequired(Unauthenticated):
    """The company requires a second factor, and this person has none yet."""


class OidcRequired(Unauthenticated):
    """The company's users sign in by the OpenID provider only."""

    def __init__(self) -> None:
        super().__init__("your company requires that you sign in by its identity provider: GET /api/auth/oidc")


class OidcFailure(StrEnum):
    """Why a sign-in by the OpenID provider came to nothing."""

    ACCESS_DENIED = "access-denied"
    ATTEMPT_UNKNOWN = "attempt-unknown"
    PROVIDER_AWAY = "provider-away"
    PROVIDER_REFUSED = "provider-refused"
    EMAIL_UNVERIFIED = "email-unverified"
    UNKNOWN_USER = "unknown-user"
    INACTIVE_USER = "inactive-user"
    LINKED_OTHERWISE = "linked-otherwise"


class OidcRefused(HubError):
    """Nobody was signed in. `because` is for the log, and never holds what a stranger wrote."""

    def __init__(self, failure: OidcFailure, because: str = "") -> None:
        super().__init__(because or failure.value)
        self.failure = failure
        self.because = because


class Forbidden(HubError):
    """The caller's role does not allow the action."""

    def __init__(self, action: str) -> None:
        super().__init__(f"not allowed: {action}")
        self.action = action


class NotFound(HubError):
    """There is no such thing for this caller (another tenant's looks the same)."""

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"{kind} {key} not found")
        self.kind = kind
        self.key = key


class Conflict(HubError):
    """The thing exists, but its state does not allow the action."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class HeldElsewhere(Conflict):
    """The customer is in a conversation of others, which the caller does not see; `department` and `user` are its
    names."""

    def __init__(self, department: str | None, user: str | None) -> None:
        names = " in ".join(name for name in (user, department) if name) or "others"
        super().__init__("held_elsewhere", f"this customer is with {names}: ask there for the conversation")
        self.department = department
        self.user = user


class NotSupported(HubError):
    """The session's provider cannot do this; `feature` names it."""

    def __init__(self, provider: str, feature: str) -> None:
        super().__init__(f"{provider} does not support {feature}")
        self.provider = provider
        self.feature = feature


class WindowClosed(HubError):
    """The customer's latest message is too old for free text; only approved templates are delivered. `templates`: name
    and language of some that may be sent."""

    def __init__(self, closed_at: datetime, templates: tuple[tuple[str, str], ...] = ()) -> None:
        self.closed_at = closed_at
        self.templates = templates
        super().__init__("WhatsApp takes free text for 24 hours after the customer's message: send a template")


class Expired(HubError):
    """A position of the log that is not kept any more, or that this log never gave; reading on would skip events.
    `oldest` is the first position that can be read."""

    def __init__(self, position: int, oldest: int) -> None:
        super().__init__(f"position {position} is not in the log; the oldest kept is {oldest}")
        self.position = position
        self.oldest = oldest


class KeyReused(HubError):
    """The same Idempotency-Key came with another body."""


class TooMany(HubError):
    """Over a rate limit."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"too many requests; try again in {retry_after_s:.0f} s")
        self.retry_after_s = retry_after_s


class Unavailable(HubError):
    """A dependency is down; nothing was stored, and the caller should try again."""


class Contention(Unavailable):
    """Two transactions conflicted (a deadlock, say), and this one was rolled back."""


class TookTooLong(Unavailable):
    """A statement took longer than somebody would wait for it; nothing was stored. Less at a time may succeed."""


class StoresNothing(Unavailable):
    """The database answers, but stores nothing just now: its disk is full, or it is read-only."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the database stores nothing: {reason}")
        self.reason = reason


class Scope(StrEnum):
    """How far a provider's transient error reaches."""

    RECIPIENT = "recipient"
    FIRST_CONTACTS = "first_contacts"
    """All people to whom the session never wrote, and who never wrote to it: WhatsApp limits the account."""
    SESSION = "session"
    APP = "app"


class ProviderError(HubError):
    """What a provider answered: its own code and text, for people and logs. `title`: the provider's short name of
    it. `retryable`: it is not retried automatically, but a person who sends it later may succeed."""

    def __init__(self, code: str, detail: str = "", *, title: str = "", retryable: bool = False) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.title = title
        self.retryable = retryable


class Rejected(ProviderError):
    """Permanent: certainly not sent. `alert` asks for an operator (policy, payment, spam limit); `stops`: everything
    else from this number would be refused too, or make it worse."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        alert: bool = False,
        stops: bool = False,
        title: str = "",
        retryable: bool = False,
    ) -> None:
        super().__init__(code, detail, title=title, retryable=retryable)
        self.alert = alert or stops
        self.stops = stops


class Unsupported(ProviderError):
    """The provider has no way to carry this content."""


class Transient(ProviderError):
    """Certainly not sent, worth trying again after `retry_after_s` seconds within `scope`."""

    def __init__(
        self, code: str, detail: str = "", *, retry_after_s: float, scope: Scope, tries: int = 8, title: str = ""
    ) -> None:
        super().__init__(code, detail, title=title)
        self.retry_after_s = retry_after_s
        self.scope = scope
        self.tries = tries


class OutcomeUnknown(ProviderError):
    """The call may or may not have reached WhatsApp."""


class CredentialsInvalid(ProviderError):
    """The session's credentials are refused."""
