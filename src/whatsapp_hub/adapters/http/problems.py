"""Map errors to RFC 9457 problems. The only place that knows HTTP codes."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, cast

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.params import ParameterKwarg
from litestar.plugins.problem_details import (
    ProblemDetailsConfig,
    ProblemDetailsException,
    ProblemDetailsPlugin,
)

from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.adapters.contracts.wire import in_clients_words
from whatsapp_hub.adapters.http.reasons import choices_of, reason_of
from whatsapp_hub.domain.errors import (
    Conflict,
    CredentialsInvalid,
    Expired,
    Flaw,
    Forbidden,
    HeldElsewhere,
    HubError,
    Invalid,
    KeyReused,
    NotFound,
    NotSupported,
    OidcFailure,
    OidcRefused,
    OidcRequired,
    OutcomeUnknown,
    ProviderError,
    SecondFactorEnrolmentRequired,
    SecondFactorRequired,
    TooMany,
    Transient,
    Unauthenticated,
    Unavailable,
    WindowClosed,
)

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
_UNAVAILABLE_RETRY_S = 2
_MISSING = re.compile(r"(?:missing required field|unknown field) `(.+?)`")
_MISSING_PARAMETER = re.compile(r"Missing required (?:\w+ )?parameter '(.+?)'")
_TOO_LARGE = "too-large"  # by Python's phrase the type would change with Python's version
_INDEX = re.compile(r"\[(\d+|\.\.\.)\]")


class FlawView(View):
    """A field that is wrong (`pointer`, a JSON Pointer into the body), and how."""

    pointer: str
    detail: str


class TemplateName(View):
    """An approved template of the session."""

    name: str
    language: str


class ProblemView(View):
    """What went wrong: `type` for programs, `detail` for people; `errors` names fields (JSON Pointer). With
    `held_elsewhere`: the `department` and the `user` who have the customer. With `window_closed`: since when
    (`closedAt`), and up to twenty approved `templates` that may be sent instead."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FlawView] | msgspec.UnsetType = msgspec.UNSET
    department: str | msgspec.UnsetType | None = msgspec.UNSET
    user: str | msgspec.UnsetType | None = msgspec.UNSET
    closed_at: datetime | msgspec.UnsetType = msgspec.UNSET
    templates: list[TemplateName] | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True, slots=True)
class Problem:
    """`kind` is the last part of the problem's `type`; the same kind always has the same title."""

    status: int
    kind: str
    detail: str
    flaws: tuple[Flaw, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)

    def document(self, instance: str) -> ProblemView:
        """Build the body (RFC 9457). `instance`: the path that was asked."""
        title = self.kind.replace("-", " ").replace("_", " ").capitalize()
        flaws = [FlawView(flaw.pointer, flaw.reason) for flaw in self.flaws if flaw.pointer]
        kind = f"urn:whatsapp-hub:problem:{self.kind}"
        return ProblemView(kind, title, self.status, self.detail, instance, flaws or msgspec.UNSET, **self.more)


def _provider(error: HubError) -> Problem:
    return Problem(422, "provider-refused", f"the provider refused: {error}")


_OIDC: dict[OidcFailure, tuple[int, str]] = {
    OidcFailure.ACCESS_DENIED: (403, "the provider did not let you in, or you turned back there"),
    OidcFailure.ATTEMPT_UNKNOWN: (
        400,
        "this sign-in was not begun in this browser, is too old or was used: begin again",
    ),
    OidcFailure.PROVIDER_AWAY: (503, "the provider does not answer; try again"),
    OidcFailure.PROVIDER_REFUSED: (502, "the provider's answer cannot be used; the hub's log says why"),
    OidcFailure.EMAIL_UNVERIFIED: (403, "the provider has not verified your e-mail, so nobody here is linked to it"),
    OidcFailure.UNKNOWN_USER: (403, "nobody here has the e-mail that you have at the provider; ask an administrator"),
    OidcFailure.INACTIVE_USER: (403, "your user is not active; ask an administrator"),
    OidcFailure.LINKED_OTHERWISE: (403, "your user is linked to somebody else at the provider; ask an administrator"),
}


def _oidc(error: OidcRefused) -> Problem:
    status, detail = _OIDC[error.failure]
    headers = _retry(_UNAVAILABLE_RETRY_S) if status == 503 else {}
    return Problem(status, f"oidc-{error.failure.value}", detail, headers=headers)


def _window_closed(error: WindowClosed) -> Problem:
    templates = [TemplateName(name, language) for name, language in error.templates]
    return Problem(422, "window_closed", str(error), more={"closed_at": time(error.closed_at), "templates": templates})


def _invalid(error: Invalid) -> Problem:
    return Problem(400, "invalid", str(error), error.flaws)


_BEARER = {"WWW-Authenticate": "Bearer"}
_BY_TYPE: dict[type[HubError], Callable[[Any], Problem]] = {
    Invalid: lambda e: _invalid(in_clients_words(e)),
    OidcRequired: lambda e: Problem(401, "oidc-required", str(e), headers=_BEARER),
    SecondFactorRequired: lambda e: Problem(401, "second-factor-required", str(e), headers=_BEARER),
    SecondFactorEnrolmentRequired: lambda e: Problem(401, "second-factor-enrolment-required", str(e), headers=_BEARER),
    Unauthenticated: lambda e: Problem(401, "unauthenticated", str(e) or "credentials needed", headers=_BEARER),
    OidcRefused: _oidc,
    Forbidden: lambda e: Problem(403, "forbidden", str(e)),
    HeldElsewhere: lambda e: Problem(409, e.code, str(e), more={"department": e.department, "user": e.user}),
    NotFound: lambda e: Problem(404, "not-found", str(e)),
    Conflict: lambda e: Problem(409, e.code, str(e)),
    NotSupported: lambda e: Problem(422, "not-supported", str(e)),
    WindowClosed: _window_closed,
    Expired: lambda e: Problem(410, "expired", str(e)),
    KeyReused: lambda _: Problem(422, "key-reused", "this Idempotency-Key came with another request before"),
    TooMany: lambda e: Problem(429, "too-many-requests", str(e), headers=_retry(e.retry_after_s)),
    Unavailable: lambda e: Problem(503, "unavailable", str(e) or "try again", headers=_retry(_UNAVAILABLE_RETRY_S)),
    Transient: lambda e: Problem(503, "provider-away", f"the provider is away: {e}", headers=_retry(e.retry_after_s)),
    OutcomeUnknown: lambda e: Problem(502, "provider-silent", f"the provider did not answer: {e}"),
    CredentialsInvalid: lambda e: Problem(422, "provider-credentials", f"the provider refuses the credentials: {e}"),
    ProviderError: _provider,
}


def _retry(after_s: float) -> dict[str, str]:
    return {"Retry-After": str(max(1, math.ceil(after_s)))}


@dataclass(frozen=True, slots=True)
class Fields:
    """A handler's fields: the clients' names of parameters where the handler's differ, and the types of parameters and
    body (`data`)."""

    names: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, object] = field(default_factory=dict)


_NONE_KNOWN = Fields()


def describe(error: Exception, fields: Fields = _NONE_KNOWN) -> Problem:
    """Return the problem that answers an error. An unexpected error is a 500 that does not reveal its cause."""
    for kind in type(error).__mro__:
        if kind in _BY_TYPE:
            return _BY_TYPE[kind](error)
    if isinstance(error, HTTPException):
        return _of_http(error, fields)
    return Problem(500, "internal", "something went wrong here; the request id is in X-Request-Id")


def _of_http(error: HTTPException, fields: Fields) -> Problem:
    flaws = tuple(_flaws_of(error, fields)) if isinstance(error, ValidationException) else ()
    if error.status_code == HTTPStatus.BAD_REQUEST and not flaws:
        flaws = (Flaw("", reason_of(error.detail)),)  # the body as a whole: it is no JSON, or no form
    if flaws:
        return _invalid(Invalid(*flaws))
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return Problem(error.status_code, _TOO_LARGE, "the request's body is too large")
    kind = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    if error.status_code >= 500:
        return Problem(error.status_code, kind, HTTPStatus(error.status_code).phrase)
    return Problem(error.status_code, kind, error.detail, headers=error.headers or {})


def _flaws_of(error: ValidationException, fields: Fields) -> Iterable[Flaw]:
    if match := _MISSING_PARAMETER.search(error.detail):
        yield Flaw(f"/{match[1]}", "is missing")
    for entry in error.extra if isinstance(error.extra, list) else []:
        key, message = str(entry.get("key", "")), str(entry.get("message", ""))
        if entry.get("source") == "body":
            yield _flaw(key, message, fields.types.get("data"))
        else:
            choices = choices_of(fields.types.get(key), ())
            yield Flaw(pointer(fields.names.get(key, key)), reason_of(message, choices))


def _flaw(key: str, message: str, body: object) -> Flaw:
    """Convert `many[1].port` and msgspec's message to a JSON pointer and a reason."""
    path = [] if key in ("data", "") else _INDEX.sub(r".\1", key).split(".")
    if match := _MISSING.search(message):
        reason = "is missing" if "missing" in message else "is not known here"
        return Flaw(pointer(*path, match[1]), reason)
    return Flaw(pointer(*path), reason_of(message, choices_of(body, path)))


def pointer(*path: str) -> str:
    """Make a JSON pointer (RFC 6901)."""
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in path if step)


class _Answer(ProblemDetailsException):
    """A problem that gets from the request its `instance`, and the client's names of its parameters."""

    def __init__(self, error: Exception, problem: Problem) -> None:
        super().__init__(detail=problem.detail, status_code=problem.status, headers=dict(problem.headers))
        self._error = error

    def to_response(self, request: Request[Any, Any, Any]) -> Response[Any]:
        problem = describe(self._error, _fields(request))
        return Response(
            problem.document(request.scope["path"]),
            status_code=problem.status,
            headers=dict(problem.headers),
            media_type=MEDIA_TYPE,
        )


def _fields(request: Request[Any, Any, Any]) -> Fields:
    """Return the handler's fields; `user_id` is `userId` for clients."""
    handler = cast("Any", request.scope).get("route_handler")  # an unknown path has none
    parameters = handler.parsed_fn_signature.parameters if handler else {}
    kinds = {name: parameter.kwarg_definition for name, parameter in parameters.items()}
    names = {name: kind.name for name, kind in kinds.items() if isinstance(kind, ParameterKwarg) and kind.name}
    return Fields(names, {name: parameter.annotation for name, parameter in parameters.items()})


def plugin() -> ProblemDetailsPlugin:
    """Make every exception of a handler a problem; those nobody foresaw are logged and say nothing of their cause."""

    def answer(error: Exception) -> ProblemDetailsException:
        problem = describe(error)
        if problem.status == 500:
            log.error("request failed", exc_info=error)
        return _Answer(error, problem)

    errors: dict[type[Exception], Callable[[Exception], ProblemDetailsException]]
    errors = {HubError: answer, HTTPException: answer, Exception: answer}
    return ProblemDetailsPlugin(ProblemDetailsConfig(exception_to_problem_detail_map=errors))
