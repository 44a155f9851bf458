"""Requests that schemathesis makes of the OpenAPI document: no 500, and each answer is as the document says."""

from __future__ import annotations

import time
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fuzz.report import Figures

CHECKS = [
    *(not_a_server_error, status_code_conformance, content_type_conformance),
    *(response_headers_conformance, response_schema_conformance),
]
APART = ("/stream", "/instances/create", "/auth/logout", "/sign-ins", "/sign-ins/{id}")
"""Streams do not end; creating an instance waits for a code; the others would sign out who asks."""
MAKES_SESSIONS = ("/api/sessions", "/whatsapp", "/whatsapp/session", "/whatsapp/{key}/sessions/init")


def document_figures(
    url: str, document: dict[str, Any], headers: dict[str, str], examples: int, chance: int
) -> Figures:
    """`examples` requests of every operation. Blocks."""
    figures, began = Figures("OpenAPI document", bound_ms=None, bound_mb=None), time.monotonic()
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = found.ok()
        if not operation.path.endswith(APART) and not operation.path.startswith("/webhooks/"):
            makes = operation.method.upper() == "POST" and operation.path in MAKES_SESSIONS
            _ask(operation, url, headers, examples, chance, figures, makes_session=makes)
    figures.took_s = time.monotonic() - began
    return figures


def _ask(
    operation: Any,
    url: str,
    headers: dict[str, str],
    examples: int,
    chance: int,
    figures: Figures,
    *,
    makes_session: bool,
) -> None:
    @seed(chance)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def check(case: Case) -> None:
        figures.count += 1
        if makes_session and isinstance(case.body, dict) and not case.body.get("provider"):
            case.body["provider"] = "SANDBOX"  # the usual one would call WhatsApp
        began = time.monotonic()
        answer = case.call(base_url=url, headers=headers, timeout=60)
        figures.time((time.monotonic() - began) * 1000, f"{operation.method} {operation.path}")
        figures.refused += answer.status_code >= 400
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                if (said := f"{operation.label}: {answer.status_code}: {failure}"[:700]) not in figures.faults:
                    figures.fault(said)

    check()
