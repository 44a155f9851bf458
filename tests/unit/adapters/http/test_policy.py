"""Every route and every socket's event has its row in tests/policy.py; what the rows need, the code names."""

import re
from typing import Any

from tests.policy import CONNECTS, PROVIDERS, ROUTES, SOCKETS
from whatsapp_hub.adapters.http.app import HubApp
from whatsapp_hub.adapters.realtime.agent_namespace import AgentNamespace


def test_every_route_has_a_row_and_every_row_a_route(app: HubApp) -> None:
    served = {
        method + " " + re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
        for route in app.litestar.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
        if method != "OPTIONS"
    }
    assert served - set(ROUTES) == set(), "give each a row in tests/policy.py"
    assert set(ROUTES) - served == set()


def test_what_is_served_beside_the_api_is_described_and_has_a_row(document: dict[str, Any]) -> None:
    described = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    assert described - set(ROUTES) == PROVIDERS


def test_every_event_of_both_namespaces_has_a_row() -> None:
    nobody: Any = None
    agents = AgentNamespace(nobody, nobody, nobody, nobody, nobody, nobody, nobody, nobody)
    assert agents.events == {namespace: set(events) for namespace, events in SOCKETS.items()}
    assert set(CONNECTS) == set(SOCKETS)
